"""Training images: where they come from, and how they reach a network.

`load_images` gives a data set as one array, `open_pictures` and `ImageFolder` read pictures from
disk, `plain_backgrounds` chooses among images, and `make_dataset` turns any of them into an endless
stream of shuffled batches. Where the real
images cannot be had, the programs in `drawn` draw stand-ins.

Modules: `load`, `sources` (what is published where), `download`, `folder`, `pictures` (how one file
is read), `choose`, `stream`, `errors`, `drawn`. This room imports only from `files` and `checks`.
"""
