"""What the collapsed solutions of the lessons should print, at smoke size.

nbval runs them at the end of their notebook, in its kernel: see conftest.py.
"""

import re


def check(lesson, said):
    """Raise AssertionError where the solutions of a lesson ("04") have printed something wrong."""
    if lesson == "01":
        assert re.search(r"m = 0: -1\.3863", said)
        assert "[1 1 2 1 2 1 2 1 1]" in said  # kernel 3, stride 2: a checkerboard
    if lesson == "02":
        assert re.search(r"D\(x\) = 0\.9: loss 0\.325", said)
        found = re.search(r"moved by (\S+) with the whole loss and by (\S+) with", said)
        whole, half = map(float, found.groups())
        assert 0.8 * whole < half < 1.01 * whole  # with plain gradient descent it would be a half
        losses = [float(loss) for loss in re.findall(r"step +\d+: D's loss (\S+),", said)]
        assert losses == sorted(losses, reverse=True)
    if lesson == "04":
        assert "before it is frozen: True" in said  # a step compiled earlier goes on training
        assert "afterwards: True" in said
        assert "as many as before: True" in said
        assert "by the network's flag: False" in said
        assert re.search(r"^2 \[1\]$.*^3 \[1 2 4\]$.*^6 \[9\]$", said, re.M | re.S)
    if lesson == "05":
        saturating, steep = re.findall(r"saturating: \[(.*)\]", said)
        slopes = [abs(float(slope)) for slope in saturating.split()]
        assert slopes[2] < 1e-4 < 0.2 < slopes[0]
        assert all(abs(float(slope)) > 0.7 for slope in steep.split())
        far = dict(re.findall(r"γ = (\d\.\d): distance (\d\.\de.\d+)", said))
        assert min(far, key=lambda gamma: float(far[gamma])) == "1.0"
        separate, mixed = re.search(r"a batch of each: (\S+); mixed: (\S+)", said).groups()
        assert float(separate) < 0.01 < 0.05 < float(mixed)
    if lesson == "06":
        reached = dict(re.findall(r"(cutout|hidden): the gradient reaches (\d+)%", said))
        assert int(reached["hidden"]) == 0
        assert 50 < int(reached["cutout"]) < 95
    if lesson == "07":
        assert re.search(r"^1 .*d_loss \d.*\n2 .*d_loss \d", said, re.M)
        alone, company = re.search(r"alone (\S+), in company (\S+)", said).groups()
        assert alone != company
        from dcgan_course.training.cluster import keras_is_new_enough

        if keras_is_new_enough():
            assert "exit codes: [0, 0]" in said
            assert "epoch 5" in said
    if lesson == "08":
        clean, noisy = re.findall(r"(?:untouched|noise): Fréchet +(\d+\.\d+)", said)
        assert float(noisy) > float(clean)
        mine, package = map(float, re.search(r"mine (\S+), the package's (\S+)", said).groups())
        assert abs(mine - package) < 0.01 * package
        few, _, many = map(float, re.findall(r"samples: Fréchet (\d+\.\d+)", said))
        assert few > many
        found = dict(re.findall(r"^ *(.*cheat): median distance (\S+) in pixels", said, re.M))
        assert float(found["the cheat"]) < 0.05 < 0.1 < float(found["the smarter cheat"])
    if lesson == "09":
        leans = {
            int(k): float(x) for k, x in re.findall(r"direction (\d+): lean .* (-?\d.*) ±", said)
        }
        assert max(leans, key=lambda k: abs(leans[k])) == 7
        assert leans[7] > 10
        large, small = map(float, re.findall(r"steps: largest (\d\.\d+)", said))
        assert small < large / 2  # slopes: a jump would keep its height
        shares = [int(share) for share in re.findall(r"(\d+)% dresses", said)]
        assert shares == sorted(shares)
        assert shares[-1] > 80
    if lesson == "03":
        assert re.search(r"^saturating: +-4\.5\d*e-05", said, re.M)
        assert re.search(r"^non-saturating: +-0\.9999", said, re.M)
    if lesson == "10":
        assert re.findall(r"^asked for (\d): misread \d", said, re.M) == ["3", "8"]
        assert re.findall(r"^label × (\d\.\d): read as \[", said, re.M) == ["0.5", "1.0", "2.0"]
