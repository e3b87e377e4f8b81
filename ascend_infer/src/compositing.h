// Puts a person over another background, in bytes.
#ifndef ASCEND_INFER_COMPOSITING_H_
#define ASCEND_INFER_COMPOSITING_H_

#include <string>

#include "letterbox.h"

namespace matting {

// A background, '#RRGGBB' or the path of a picture, RGB of this size; a picture covers it and loses what stands out.
// Throws Error if it is neither.
Picture MakeBackground(const std::string& description, int height, int width);

// The network's alpha at the frame's size, 0..255.
Picture FrameAlpha(const Map& network_alpha, const Place& place, int height, int width);

// Each value is alpha * frame + (1 - alpha) * background, rounded; both RGB of one size.
Picture Composite(const Picture& frame, const Picture& alpha, const Picture& background);

}  // namespace matting

#endif  // ASCEND_INFER_COMPOSITING_H_
