// Letterboxing: fits a photo into the network's square input, keeping its aspect ratio.
#ifndef ASCEND_INFER_LETTERBOX_H_
#define ASCEND_INFER_LETTERBOX_H_

#include <array>

#include "raster.h"

namespace matting {

using Mean = std::array<float, 3>;  // B, G, R, 0..255; subtracted from photos

// Where the photo lies in the square, in pixels.
struct Place {
  int top, left, height, width;
};

Place LetterboxPlace(int height, int width, int size);

// The network's input, planes B, G, R of size x size: (value - mean) / 255. `small` is the photo at the size of its
// place. The bars around it have the colour `mean`, rounded.
std::vector<float> LetterboxInput(const Picture& small, const Place& place, int size, const Mean& mean);

// The mirror image of an input, or of any other planes of `size` columns.
std::vector<float> Mirrored(const std::vector<float>& planes, int size);

}  // namespace matting

#endif  // ASCEND_INFER_LETTERBOX_H_
