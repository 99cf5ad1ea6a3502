"""The small package behind the DCGAN course, in rooms: each imports only from those above it.

    checks, files           what arguments may be; writing safely
    machine, quiet          cores and threads; importing TensorFlow without noise
    data · networks         images and where they come from · layers, losses, augmentation
    display · evaluation    images, figures, animations · metrics and the features they compare
    training                the GAN, its variants, recipes, resume, monitor, tracking, clusters
    latent · diagnosis      the latent space, its explorer, trained generators · the Doctor
    lesson · grading        the first cell of every lesson · what assignments need

The names that lessons use can be imported from here.

Importing it is cheap: TensorFlow is loaded by the first thing that needs it.
"""

import importlib
import os

from dcgan_course.quiet import quiet_imports

__version__ = "0.1.0"

# TensorFlow reads these when it is imported. Its start-up messages (CPU features,
# missing CUDA libraries) would stand above every first cell of every lesson.
# `setdefault` leaves the choice to anyone who wants to see them.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
quiet_imports()  # and some come before any level is read

_HOME = {
    "lesson": "begin_lesson pick run_size",
    "files": "runs_folder",
    "data.choose": "plain_backgrounds",
    "data.errors": "DataError",
    "data.drawn.faces": "FACE_ATTRIBUTES draw_faces_with_attributes",
    "data.folder": "ImageFolder write_pictures",
    "data.load": "load_images open_pictures",
    "data.pictures": "read_picture",
    "data.stream": "make_dataset",
    "networks.labels": "add_label_planes conditional_discriminator conditional_generator "
    "join_label one_hot",
    "networks.augment": "chain color cutout flip translate",
    "networks.layers": "copy_of dcgan_discriminator dcgan_generator dense_block downsample_block "
    "fast_policy image_block layer_table logit_block multiplications paper_init upsample_block",
    "networks.losses": "discriminator_loss generator_loss",
    "networks.statistics": "standing_statistics",
    "display.animations": "convolution_player",
    "display.diagrams": "show_network",
    "display.figures": "show_by_class show_history show_images show_rows",
    "display.gan_diagram": "show_gan show_training_step",
    "display.images": "FrameRecorder image_grid kept_images save_gif save_picture save_samples "
    "to_uint8",
    "evaluation.features": "load_extractor",
    "evaluation.metrics": "FewSamples density_coverage evaluate frechet_distance "
    "frechet_of_moments inception_score kernel_distance precision_recall squared_distances",
    "evaluation.pixels": "checkerboard nearest_neighbors power_spectrum",
    "training.cluster": "loopback",
    "training.combined": "CombinedDCGAN frozen",
    "training.conditional": "ConditionalDCGAN",
    "training.diffusion": "Diffusion small_unet",
    "training.relativistic": "RelativisticGAN plain_generator",
    "training.vae": "VAE",
    "training.wgan_gp": "WGANGP",
    "training.faces": "face_gan",
    "training.games": "LineGame RingGame",
    "training.gan": "DCGAN",
    "training.monitor": "Monitor TrainingPanel",
    "training.optimizers": "ScheduleLearningRates",
    "training.recipes": "RECIPES lean_discriminator lean_generator",
    "training.resume": "Checkpoint",
    "training.toys": "GamePlayer Recording moments_to_take small_network train_toy",
    "training.tracking": "MLflowTracker TensorBoardTracker Track Tracker",
    "latent.choice": "GeneratorChoice",
    "latent.explorer": "LatentExplorer direction_sheet",
    "latent.pretrained": "load_generator model_card",
    "latent.space": "LatentSpace spherical",
    "diagnosis.doctor": "Doctor",
    "diagnosis.examiner": "Examiner",
    "diagnosis.report": "draw_report",
    "diagnosis.rules": "RULES",
}
_HOME = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_HOME])
