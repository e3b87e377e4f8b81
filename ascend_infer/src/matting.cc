#include "matting.h"

#include <algorithm>
#include <cmath>

namespace matting {

void RequireNumbers(const std::vector<float>& outputs) {
  if (!std::all_of(outputs.begin(), outputs.end(), [](float value) { return std::isfinite(value); })) {
    throw Error("the network's outputs are NaN or infinite; look at the model's weights");
  }
}

Map CutPlace(const std::vector<float>& map, int width, const Place& place) {
  Map part(place.height, place.width, 1);
  for (int y = 0; y < place.height; ++y) {
    std::copy_n(map.begin() + static_cast<ptrdiff_t>(place.top + y) * width + place.left, place.width, part.Row(y));
  }
  return part;
}

Picture ToBytes(const Map& alpha) {
  Picture bytes(alpha.height, alpha.width, 1);
  std::transform(alpha.values.begin(), alpha.values.end(), bytes.values.begin(),
                 [](float value) { return ToByte(255 * std::clamp(value, 0.0f, 1.0f)); });
  return bytes;
}

}  // namespace matting
