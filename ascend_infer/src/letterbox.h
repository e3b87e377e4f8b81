// Letterboxing: fits a photo or frame into the network's input, a square for photos, keeping its aspect ratio.
#ifndef ASCEND_INFER_LETTERBOX_H_
#define ASCEND_INFER_LETTERBOX_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "raster.h"

namespace matting {

using Mean = std::array<float, 3>;  // B, G, R, 0..255; subtracted from photos

struct Size {
  int height, width;
};

// A part of an image, in pixels: where a photo lies in the input, or what is looked at in a photo.
struct Place {
  int top, left, height, width;
};

// What lies at a place, of values in rows of `width` pixels.
template <typename T>
Raster<T> CutPlace(const std::vector<T>& values, int width, const Place& place, int channels = 1) {
  Raster<T> part(place.height, place.width, channels);
  for (int y = 0; y < place.height; ++y) {
    const size_t first = (static_cast<size_t>(place.top + y) * width + place.left) * channels;
    std::copy_n(values.begin() + static_cast<ptrdiff_t>(first), static_cast<size_t>(place.width) * channels, part.Row(y));
  }
  return part;
}

Place LetterboxPlace(const Size& photo, const Size& input);

// The network's input, planes B, G, R of size x size: (value - mean) / 255. `small` is the photo at the size of its
// place. The bars around it have the colour `mean`, rounded.
std::vector<float> LetterboxInput(const Picture& small, const Place& place, int size, const Mean& mean);

// The same as a picture, RGB: the bars have the value `bars` in all channels.
Picture LetterboxFrame(const Picture& small, const Place& place, const Size& input, uint8_t bars);

// The mirror image of an input, or of any other planes of `size` columns.
std::vector<float> Mirrored(const std::vector<float>& planes, int size);

}  // namespace matting

#endif  // ASCEND_INFER_LETTERBOX_H_
