"""BenchMARL: MAPPO on `paradox_of_power`, with `state()` as the critic's input.

pip install "counterpoise[benchmarl]"
"""

import sys
import tempfile
import time

import numpy as np
import torch
from benchmarl.algorithms import MappoConfig
from benchmarl.environments.pettingzoo.common import PettingZooClass
from benchmarl.experiment import Experiment, ExperimentConfig
from benchmarl.models.mlp import MlpConfig
from tensordict import TensorDict
from torchrl.envs import ExplorationType, PettingZooWrapper, set_exploration_type

import counterpoise
from counterpoise.envs import paradox_of_power_v0
from counterpoise.envs.engine.strategy import Strategy

GAME, FRAMES, TARGET = "paradox_of_power", 6_000, 0.01
CHANGES = {"inequality": 0.6, "resources": 2.0, "years": 10}


class ParadoxOfPower(PettingZooClass):
    """Makes the environment; everything else is BenchMARL's adapter for PettingZoo."""

    def get_env_fun(self, num_envs, continuous_actions, seed, device):
        """Return a function that makes the environment."""
        # BenchMARL fails where agents leave early (its issue 177); here no power does.
        return lambda: PettingZooWrapper(
            paradox_of_power_v0.parallel_env(**CHANGES),
            return_state=True,
            seed=seed,
            device=device,
        )

    def supports_continuous_actions(self):
        """Return that actions are continuous."""
        return True


class Learned(Strategy):
    """The policy in either seat, without exploration noise."""

    def __init__(self, policy):
        self.policy = policy

    def act(self, observations, masks, rng):
        """Return one amount a row."""
        seen = torch.as_tensor(observations)[:, None].expand(-1, 2, -1)
        asked = TensorDict({"power": TensorDict({"observation": seen}, seen.shape[:2])}, len(seen))
        with torch.no_grad(), set_exploration_type(ExplorationType.DETERMINISTIC):
            return np.asarray(self.policy(asked)["power", "action"][:, 0], np.float64)


torch.set_num_threads(1)  # small networks are slower on several threads
settings = ExperimentConfig.get_from_yaml()
settings.loggers, settings.create_json, settings.evaluation = [], False, False
settings.max_n_frames, settings.on_policy_collected_frames_per_batch = FRAMES, 240
settings.on_policy_n_envs_per_worker, settings.on_policy_minibatch_size = 1, 60
settings.on_policy_n_minibatch_iters = 8
settings.lr, settings.gamma = 3e-3, 0.0  # fighting does not affect later years
network = MlpConfig.get_from_yaml()
network.num_cells = [32]
task = ParadoxOfPower("PARADOX_OF_POWER", {"max_cycles": CHANGES["years"]})
with tempfile.TemporaryDirectory() as settings.save_folder:
    experiment = Experiment(
        task, MappoConfig.get_from_yaml(), network,
        seed=0, config=settings, critic_model_config=network,
    )  # fmt: skip
    experiment.run()
found = counterpoise.regret(GAME, [Learned(experiment.policy)] * 2, **CHANGES).max()
print(f"{GAME}: regret {found:.4f} (target {TARGET}), {time.process_time():.0f} s of one core")
sys.exit(int(not found <= TARGET))
