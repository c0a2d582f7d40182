"""A run of frames dressed as one of Pillow's multi-frame images, so that its writers take them one at a
time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PIL import Image

from processing.engine.decode import Frame


class Reel(Image.Image):
    """Pillow's `append_images` becomes a list of all frames at once; a multi-frame image is sought and loaded
    frame by frame. `durations` fills as frames are reached, which is before a writer asks for theirs."""

    def __init__(self, frames: Iterable[Frame], count: int) -> None:
        super().__init__()
        self._frames = frames
        self.n_frames = count
        self.is_animated = True
        self.durations: list[int] = []
        self._restart()

    def _restart(self) -> None:
        self._iterator: Iterator[Frame] = iter(self._frames)
        self._index = -1
        self._advance()

    def _advance(self) -> None:
        frame = next(self._iterator, None)
        if frame is None:
            raise EOFError
        self._index += 1
        if self._index == len(self.durations):
            self.durations.append(round(frame.duration))
        image = frame.image
        self._im, self._mode, self._size = image.im, image.mode, image.size
        self.palette = image.palette
        self.info = {**image.info, "duration": self.durations[self._index]}

    def tell(self) -> int:
        return self._index

    def seek(self, frame: int) -> None:
        if frame < self._index:
            self._restart()
        while self._index < frame:
            self._advance()
