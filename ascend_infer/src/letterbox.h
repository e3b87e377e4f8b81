// Letterboxing: fits a photo or frame into the network's input, a square for photos, keeping its aspect ratio.
#ifndef ASCEND_INFER_LETTERBOX_H_
#define ASCEND_INFER_LETTERBOX_H_

#include <array>

#include "raster.h"

namespace matting {

using Mean = std::array<float, 3>;  // B, G, R, 0..255; subtracted from photos

struct Size {
  int height, width;
};

// Where the photo lies in the input, in pixels.
struct Place {
  int top, left, height, width;
};

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
