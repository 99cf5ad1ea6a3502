"""A variational autoencoder: images into a latent space with a known distribution, and back.

Kingma and Welling 2014 (arXiv:1312.6114).
"""

import keras
import tensorflow as tf

from dcgan_course.checks import number, whole_number


class VAE(keras.Model):
    """An encoder and a decoder that train together, without an opponent.

    The encoder gives each image x a normal distribution in latent space, with means μ and variances
    σ². The decoder gets a vector drawn from it and draws the image again. The loss is the squared
    error of that image, summed over its pixels and divided by 2 · `noise`², plus the divergence
    KL(N(μ, σ²) ‖ N(0, 1)): an upper bound of −log p(x), a constant aside.

    Args:
        encoder: images (batch, h, w, channels) → (batch, 2 · latent_dim), means and log variances.
        decoder: (batch, latent_dim) → images in [−1, 1]; a generator will do.
        noise: standard deviation of a pixel around what the decoder draws. The smaller, the more
            the image counts, and the less the latent distribution looks like N(0, 1).
        seed: of what is drawn, 0 or more.

    Raises:
        ValueError: networks that do not fit each other, a number out of range.
    """

    def __init__(self, encoder, decoder, *, noise=0.2, seed=0, name="vae"):
        super().__init__(name=name)
        self.latent_dim = int(decoder.input_shape[1])
        if encoder.output_shape[1:] != (2 * self.latent_dim,):
            raise ValueError(
                f"The encoder should return {2 * self.latent_dim} numbers, a mean and a log "
                f"variance for each of {self.latent_dim}, not {encoder.output_shape[1:]}."
            )
        if encoder.input_shape[1:] != decoder.output_shape[1:]:
            raise ValueError(
                f"The decoder draws images of shape {decoder.output_shape[1:]}, the encoder takes "
                f"{encoder.input_shape[1:]}."
            )
        self.encoder, self.decoder = encoder, decoder
        self.noise = number("noise", noise, above=0)
        self.random = keras.random.SeedGenerator(whole_number("seed", seed, minimum=0))
        self.trackers = [keras.metrics.Mean(name) for name in ("loss", "error", "divergence")]
        self.built = True

    @property
    def metrics(self):
        """The running means that Keras resets at every epoch."""
        return self.trackers

    def call(self, images, training=False):
        """Draw images again from the means of their distributions."""
        means, _ = self.encode(images, training)
        return self.decoder(means, training=training)

    def encode(self, images, training=False):
        """Means and log variances, each float32 (batch, latent_dim)."""
        return tf.split(tf.cast(self.encoder(images, training=training), tf.float32), 2, axis=1)

    def train_step(self, images):
        """One update of both networks."""
        with tf.GradientTape() as tape:
            means, log_variances = self.encode(images, training=True)
            drawn = keras.random.normal(tf.shape(means), seed=self.random)
            z = means + tf.exp(0.5 * log_variances) * drawn
            copies = tf.cast(self.decoder(z, training=True), tf.float32)
            error = tf.reduce_mean(tf.reduce_sum((images - copies) ** 2, axis=(1, 2, 3)))
            divergence = tf.reduce_mean(kl_divergence(means, log_variances))
            loss = 0.5 * error / self.noise**2 + divergence
        weights = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        for tracker, value in zip(self.trackers, (loss, error, divergence), strict=True):
            tracker.update_state(value)
        return {tracker.name: tracker.result() for tracker in self.trackers}

    def sample(self, z):
        """Images for latent vectors z (count, latent_dim), or for so many drawn from N(0, 1)."""
        if isinstance(z, int):
            z = keras.random.normal((z, self.latent_dim))
        return tf.cast(self.decoder(z, training=False), tf.float32).numpy()


def kl_divergence(means, log_variances):
    """KL(N(μ, σ²) ‖ N(0, 1)) of independent normal distributions, in nats: float (batch,).

    Args:
        means, log_variances: float (batch, latent_dim).
    """
    terms = means**2 + tf.exp(log_variances) - 1.0 - log_variances
    return 0.5 * tf.reduce_sum(terms, axis=1)
