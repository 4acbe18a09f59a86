"""BenchMARL: MAPPO on `paradox_of_power`, the critic looking at `state()`.

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

from counterpoise.envs import paradox_of_power_v0
from counterpoise.envs.engine.registration import game
from counterpoise.envs.engine.strategy import Strategy
from counterpoise.theory.regret import regret

GAME, FRAMES, TARGET = "paradox_of_power", 6_000, 0.01
CHANGES = {"inequality": 0.6, "resources": 2.0, "years": 10}


class ParadoxOfPower(PettingZooClass):
    """How BenchMARL makes the worlds; the rest is as for PettingZoo's own."""

    def get_env_fun(self, num_envs, continuous_actions, seed, device):
        """Return what makes a world."""
        # Where powers left early BenchMARL would fail (BenchMARL issue 177); here nobody does.
        return lambda: PettingZooWrapper(
            paradox_of_power_v0.parallel_env(**CHANGES),
            return_state=True,
            seed=seed,
            device=device,
        )

    def supports_continuous_actions(self):
        """Say that actions are amounts."""
        return True


class Learned(Strategy):
    """What the policy does in either seat, without the noise that it learned with."""

    def __init__(self, policy):
        self.policy = policy

    def act(self, observations, masks, rng):
        """Return one amount a row."""
        seen = torch.as_tensor(observations)[:, None].expand(-1, 2, -1)
        asked = TensorDict({"power": TensorDict({"observation": seen}, seen.shape[:2])}, len(seen))
        with torch.no_grad(), set_exploration_type(ExplorationType.DETERMINISTIC):
            return np.asarray(self.policy(asked)["power", "action"][:, 0], np.float64)


torch.set_num_threads(1)  # small networks are slower on several
parameters = game(GAME).parameters(**CHANGES)
settings = ExperimentConfig.get_from_yaml()
settings.loggers, settings.create_json, settings.evaluation = [], False, False
settings.max_n_frames, settings.on_policy_collected_frames_per_batch = FRAMES, 240
settings.on_policy_n_envs_per_worker, settings.on_policy_minibatch_size = 1, 60
settings.on_policy_n_minibatch_iters = 8
settings.lr, settings.gamma = 3e-3, 0.0  # nobody's fighting changes a later year
network = MlpConfig.get_from_yaml()
network.num_cells = [32]
task = ParadoxOfPower("PARADOX_OF_POWER", {"max_cycles": CHANGES["years"]})
with tempfile.TemporaryDirectory() as settings.save_folder:
    experiment = Experiment(
        task, MappoConfig.get_from_yaml(), network,
        seed=0, config=settings, critic_model_config=network,
    )  # fmt: skip
    experiment.run()
found = regret(GAME, parameters, [Learned(experiment.policy)] * 2).max()
print(f"{GAME}: regret {found:.4f} (target {TARGET}), {time.process_time():.0f} s of one core")
sys.exit(int(not found <= TARGET))
