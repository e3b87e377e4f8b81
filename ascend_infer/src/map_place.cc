#include "map_place.h"

#include <algorithm>
#include <vector>

namespace matting {

namespace {

std::vector<float> Falling(int length, double reach, bool begins_inside, bool ends_inside) {
  std::vector<float> weights(length, 1.0f);
  for (int i = 0; i < length; ++i) {
    if (begins_inside) {
      weights[i] = std::min(weights[i], (static_cast<float>(i) + 0.5f) / static_cast<float>(reach));
    }
    if (ends_inside) {
      weights[i] = std::min(weights[i], (static_cast<float>(length - 1 - i) + 0.5f) / static_cast<float>(reach));
    }
  }
  return weights;
}

}  // namespace

MapPlace FindMapPlace(const Picture& photo, const Place& part, const Map& map, double down_reach, double across_reach) {
  const Size size{Rounded(static_cast<double>(map.height) * photo.height / part.height),
                  Rounded(static_cast<double>(map.width) * photo.width / part.width)};
  const int top = Rounded(static_cast<double>(part.top) * size.height / photo.height);
  const int left = Rounded(static_cast<double>(part.left) * size.width / photo.width);
  const auto down = Falling(map.height, down_reach, part.top > 0, part.top + part.height < photo.height);
  const auto across = Falling(map.width, across_reach, part.left > 0, part.left + part.width < photo.width);
  Map weights(map.height, map.width, 1);
  for (int y = 0; y < map.height; ++y) {
    for (int x = 0; x < map.width; ++x) {
      weights.Row(y)[x] = down[y] * across[x];
    }
  }
  return {size, std::min(top, size.height - map.height), std::min(left, size.width - map.width), weights};
}

}  // namespace matting
