#include "matting.h"

#include <algorithm>
#include <cmath>

namespace matting {

void RequireNumbers(const std::vector<float>& outputs) {
  if (!std::all_of(outputs.begin(), outputs.end(), [](float value) { return std::isfinite(value); })) {
    throw Error("the network's outputs are NaN or infinite; look at the model's weights");
  }
}

Picture ToBytes(const Map& alpha) {
  Picture bytes(alpha.height, alpha.width, 1);
  std::transform(alpha.values.begin(), alpha.values.end(), bytes.values.begin(),
                 [](float value) { return ToByte(255 * std::clamp(value, 0.0f, 1.0f)); });
  return bytes;
}

}  // namespace matting
