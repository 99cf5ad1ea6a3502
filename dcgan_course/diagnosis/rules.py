"""What the numbers of an `Examiner` mean: rules as data.

Each rule names a mechanism, measures it (in `causes` or `balance`), and carries its thresholds
with their reason. Short of the first threshold the doctor is silent, between the two it says "not
sure", and past the second it is sure. `judge` applies them: causes come before symptoms, and what
a sure cause explains is not said.
"""

from dataclasses import dataclass

from dcgan_course.diagnosis import balance, causes

SETUP, BALANCE, SYMPTOM = 0, 1, 2  # what is sure in one level explains what is in the next ones
CHECKS_NEEDED = {SETUP: 3, BALANCE: 6, SYMPTOM: 6}


@dataclass(frozen=True)
class Rule:
    """How one sickness is recognized.

    Attributes:
        name, title, advice: see `judge.Finding`.
        level: `SETUP`, what can be seen directly and at once; `BALANCE`, how both networks get
            on with each other; `SYMPTOM`, what the samples look like, said only if no cause
            explains it.
        measure: rows → (value, evidence), or None where the rows do not say. The value is a
            size, and larger is worse.
        maybe, sure: from these values on the doctor says so, the second time without doubt.
        reason: what the value counts, and why these.
        explains: names of rules of its own level that this one explains as well.
        age: how far weights have to have moved, in their own size, before it speaks.
        fades: it belongs to young generators as well: while fakes get nearer to the data, it is
            not sure.
    """

    name: str
    title: str
    level: int
    measure: object
    maybe: float
    sure: float
    reason: str
    advice: str
    explains: tuple = ()
    age: float = 0.0
    fades: bool = False


RULES = (
    Rule(
        "few_data",
        "There are hardly any different real samples",
        SETUP,
        causes.few_data,
        *(10, 15),
        "1000 over the number of different samples: 100 of them, or 66",
        "more images; with some hundreds, augmentation of all that D sees (augment=).",
    ),
    Rule(
        "no_motion",
        "Neither network moves",
        SETUP,
        causes.no_motion,
        *(2, 3),
        "powers of ten by which both move less in a step than they once did; a rate that is "
        "lowered on purpose falls by 1 or 2 at the end. 9 where they have never moved",
        "see that both rates are above 0, that a schedule counts in steps, not epochs, and that "
        "both optimizers are given weights.",
    ),
    Rule(
        "range",
        "G cannot reach the range of the data, or has to leave half of its own empty",
        SETUP,
        causes.data_range,
        *(0.1, 0.2),
        "the fraction of the data's range that G's last layer cannot reach; 0.5 for images in "
        "[0, 1] under a tanh",
        "scale images to the range of G's last layer: x / 127.5 − 1 for tanh, x / 255 for a "
        "sigmoid.",
    ),
    Rule(
        "batch_differs",
        "The images that train are not like those that the doctor was given",
        SETUP,
        causes.batch_differs,
        *(0.35, 0.5),
        "the largest of: shift of the mean in standard deviations, logarithm of the ratio of the "
        "standard deviations, three times what nearest neighbors exceed 55% by, three times the "
        "shift between the first and the last channel",
        "compare a batch with the images: scaled twice, augmented, channels swapped, another set?",
    ),
    Rule(
        "one_sided",
        "Only one side is augmented: D sees real samples and fakes through different eyes",
        SETUP,
        causes.one_sided,
        *(0.02, 0.05),
        "the change in standard deviations of the data; 0 for both, or for neither, in health",
        "augment real samples and fakes alike, or D learns to see the augmentation.",
    ),
    Rule(
        "bounded_logit",
        "D's logit is not free: an activation ends D, and the loss applies another one",
        SETUP,
        causes.bounded_logit,
        *(1, 1),
        "1 where D's last layer cannot give every number that the loss may ask for",
        "no activation after D's last dense layer; the losses take logits.",
    ),
    Rule(
        "dead_g",
        "G is dead: it draws a single image",
        SETUP,
        balance.dead_g,
        *(300, 1000),
        "diversity of real samples over that of fakes; a G that collapses onto a few modes still "
        "varies by a hundredth",
        "learning rates of a tenth: one step too long drives G's last layer into the flat ends "
        "of its activations. Then start anew, for there is no gradient to come back by.",
        explains=("frozen_layers", "frozen_g", "mode_gap"),
        age=0.1,
        fades=True,
    ),
    Rule(
        "frozen_layers",
        "Layers do not learn while others of the same network do",
        SETUP,
        causes.frozen_layers,
        *(1e-3, 1e-3),
        "the fraction of kernels that are exactly what they were at the first check; 0 in health",
        "set trainable=True before compile, and give the optimizer all of the network's weights.",
    ),
    Rule(
        "fixed_codes",
        "G always gets the same codes",
        SETUP,
        causes.fixed_codes,
        *(0.8, 0.95),
        "1 for equal codes at two checks, 0.41 for independent ones",
        "draw new codes from N(0, 1) in every training step.",
        explains=("code_scale",),
    ),
    Rule(
        "code_scale",
        "G is trained on codes of another scale than those that are sampled",
        SETUP,
        causes.code_scale,
        *(0.8, 1.0),
        "the logarithm of the standard deviation, or the mean; a uniform distribution on [−1, 1] "
        "has 0.55",
        "draw codes from N(0, 1) in training as for samples.",
    ),
    Rule(
        "small_batch",
        "The batch is too small for batch norm",
        SETUP,
        causes.small_batch,
        *(2, 4),
        "16 over the batch: 8 samples make a poor mean and variance, 4 make noise",
        "a batch of 16 or more, or networks without batch norm.",
    ),
    Rule(
        "mode_gap",
        "G is another network in inference mode than in training mode",
        SETUP,
        causes.wrong_mode,
        *(0.7, 1.0),
        "in standard deviations of the data, or 2 where the step calls G with training=False; "
        "moving averages lag by up to 0.5 in the first few hundred healthy steps",
        "call G with training=True in the training step (predict and training=False do not), "
        "and let the moving statistics follow: a momentum of 0.9 in short runs.",
    ),
    Rule(
        "frozen_d",
        "D hardly learns, or not at all",
        SETUP,
        causes.frozen("D", "G"),
        *(15, 40),
        "G's movement over D's; from 0.2 to 4 in healthy runs, and up to 10 where rates are "
        "unequal on purpose",
        "see that D's weights are in the gradient and in its optimizer, that nothing has set "
        "trainable to False before compile, and that its rate is near G's.",
    ),
    Rule(
        "frozen_g",
        "G hardly learns, or not at all",
        SETUP,
        causes.frozen("G", "D"),
        *(15, 40),
        "as for D",
        "see that gradients reach G's weights (a NumPy array, predict or stop_gradient between "
        "G and D cuts them off), and that its rate is near D's.",
    ),
    Rule(
        "color",
        "False colors: D does not see what real images have, or G does not learn it",
        BALANCE,
        causes.no_color,
        *(1.4, 1.8),
        "fakes over real images, or real over fakes; young healthy generators reach 1.4. 10 where "
        "D gets gray images",
        "see that D gets all channels, in the same order for real and fake; then more steps, for "
        "colors come last.",
        fades=True,
    ),
    Rule(
        "flipped_g",
        "G goes the wrong way: its steps make D's verdict on fakes worse",
        BALANCE,
        balance.uphill,
        *(0.6, 0.75),
        "how far the cosine between G's steps and what its loss asks for is below 0.1, while D "
        "tells nearly all fakes; in healthy runs it is 0.2 and more once G has moved far",
        "G maximizes log D(G(z)): check the sign of its loss, and that its targets are 1.",
        fades=True,
    ),
    Rule(
        "flipped_labels",
        "D takes fakes for real and real samples for fakes",
        BALANCE,
        balance.flipped_labels,
        *(0.3, 0.6),
        "D(G(z)) − D(x): a slow D is wrong by up to 0.2 when G has run ahead, a D that is sure "
        "of the opposite by nearly 1",
        "see that D's targets are 1 for real and 0 for fakes, and that the two batches are not "
        "swapped.",
    ),
    Rule(
        "flat_loss",
        "G's loss is flat where G is",
        BALANCE,
        balance.flat_loss,
        *(10, 30),
        "the ratio is 1 / D(G(z)): 10 where D gives fakes a tenth, as it does for a while in "
        "healthy runs",
        'the non-saturating loss (loss="non_saturating"), and then a weaker D.',
        explains=("d_too_strong", "memory"),
    ),
    Rule(
        "agreeing_d",
        "D is being taught that fakes are real",
        BALANCE,
        balance.agreeing_d,
        *(0.9, 0.96),
        "how often a sample's nearest neighbor is of its own set, while D is undecided; D(x) + "
        "D(G(z)) is above 1, and D's steps do not follow its loss",
        "G's step must update G's weights alone: freeze D in it, or leave D out of the gradient.",
        explains=("noisy_labels",),
    ),
    Rule(
        "noisy_labels",
        "D learns nothing that lasts: its targets may be noise",
        BALANCE,
        balance.noisy_labels,
        *(0.9, 0.96),
        "as above, with D's steps nearly at right angles to what its loss asks for",
        "label noise of 0.1 or less.",
    ),
    Rule(
        "weak_d",
        "D is too weak to tell: it is linear, or too small",
        BALANCE,
        balance.weak_d,
        *(0.9, 0.96),
        "1 for a D that is a straight line, or for fakes that stay poor under a D with less than "
        "3% of G's weights; or how often a sample's nearest neighbor is of its own set while such "
        "a D is undecided",
        "activations between D's layers, more or wider layers, less dropout.",
        explains=("agreeing_d", "noisy_labels"),
        age=0.25,
        fades=True,
    ),
    Rule(
        "soft_labels",
        "D's targets are too soft",
        BALANCE,
        balance.soft_labels,
        *(0.2, 0.3),
        "smoothing by 0.1 moves the sum D(x) + D(G(z)) by up to 0.1 below 1, by 0.5 below 0.6",
        "a label smoothing of 0.1, of real samples only.",
    ),
    Rule(
        "unbounded_d",
        "D's logits grow without bound",
        BALANCE,
        balance.unbounded_d,
        *(2, 2.5),
        "powers of ten; a hundred is far beyond what any loss but Wasserstein's asks for",
        "spectral normalization or a gradient penalty in D, smaller rates; without them the "
        "Wasserstein loss has no minimum.",
        explains=("d_too_strong",),
    ),
    Rule(
        "memory",
        "D knows its training samples by heart",
        BALANCE,
        balance.memory,
        *(0.45, 0.6),
        "half the way from real to fake, or what D tells known from unknown samples by; a D "
        "that has learned what digits are places both alike, give or take 0.2",
        "more data, augmentation of all that D sees (augment=), a smaller D, or an earlier end.",
        explains=("d_too_strong",),
    ),
    Rule(
        "copies",
        "G draws copies of real samples",
        BALANCE,
        balance.copies,
        *(2.5, 4),
        "the distance between real samples over that from a fake to the nearest one; near 1 in "
        "health",
        "more data, or augmentation of all that D sees (augment=).",
    ),
    Rule(
        "saturated",
        "G is saturated: its last layer is at the flat ends of tanh",
        BALANCE,
        balance.saturated,
        *(10, 30),
        "the mean of 1 − x² in real samples over that in fakes; up to 2 in healthy runs",
        "smaller initial weights (N(0, 0.02)) in G's last layer, batch norm before it, smaller "
        "rates; then start anew.",
        explains=("d_too_strong",),
    ),
    Rule(
        "d_too_strong",
        "D is too strong for G",
        BALANCE,
        balance.d_too_strong,
        *(2, 3),
        "powers of ten: G's samples are called real once in a hundred, or once in a thousand",
        "a lower rate for D or a higher one for G, batch norm or dropout in D, noise on what D "
        "sees, or a larger G.",
        fades=True,
    ),
    Rule(
        "mode_collapse",
        "Mode collapse: fakes are too much alike",
        SYMPTOM,
        balance.mode_collapse,
        *(5, 8),
        "real samples over fakes: 1 to 3 in healthy runs, and up to 8 in the first steps; of "
        "points, 2.5 over the fraction of groups that fakes reach",
        "batch norm in both networks, a lower rate for G or a higher one for D, larger batches.",
        explains=("missed", "never_settles", "grid"),
        age=0.25,
    ),
    Rule(
        "missed",
        "G leaves out a part of the data",
        SYMPTOM,
        balance.missed,
        *(0.8, 0.97),
        "of real samples without a fake near them; healthy runs come below 0.5, in time",
        "more steps; if it stays, what helps against mode collapse.",
        age=1.0,
    ),
    Rule(
        "never_settles",
        "G does not settle: the same codes keep changing",
        SYMPTOM,
        balance.never_settles,
        *(1.1, 1.3),
        "√2 ≈ 1.41 is what two unrelated samples differ by",
        "smaller learning rates, β1 = 0.5, a moving average of G's weights.",
        explains=("missed",),
        age=0.25,
    ),
    Rule(
        "grid",
        "A checkerboard: a pattern of a fixed period is too strong",
        SYMPTOM,
        balance.grid,
        *(3, 4),
        "fakes over real images, at periods of 2, 3, 4 and 8 pixels; a quarter of it where the "
        "stride divides every kernel of G",
        "kernels that the stride divides (4 with stride 2), or resizing before a convolution; "
        "and more steps.",
        age=0.25,
    ),
)
SYMPTOMS = tuple(rule.name for rule in RULES if rule.level == SYMPTOM)
HOPELESS = (
    *("no_motion", "range", "batch_differs", "bounded_logit", "frozen_d", "frozen_g"),
    *("flipped_g", "flipped_labels", "flat_loss", "agreeing_d", "dead_g", "saturated"),
    "mode_collapse",
)
