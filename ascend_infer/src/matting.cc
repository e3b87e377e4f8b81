#include "matting.h"

#include <algorithm>

namespace matting {

Picture ToBytes(const Map& alpha) {
  Picture bytes(alpha.height, alpha.width, 1);
  std::transform(alpha.values.begin(), alpha.values.end(), bytes.values.begin(),
                 [](float value) { return ToByte(255 * std::clamp(value, 0.0f, 1.0f)); });
  return bytes;
}

}  // namespace matting
