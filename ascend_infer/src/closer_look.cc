#include "closer_look.h"

#include <algorithm>
#include <numeric>

namespace matting {

namespace {

constexpr double kTall = 1.4;   // height relative to width
constexpr double kLarge = 0.4;  // mean alpha
// Size of a part, relative to the photo's width, and at least relative to its height.
constexpr double kOfWidth = 1.15, kOfHeight = 0.6;

int PartHeight(const Picture& photo) {
  return static_cast<int>(std::lrint(std::max(kOfWidth * photo.width, kOfHeight * photo.height)));
}

}  // namespace

bool IsTall(const Picture& photo) { return photo.height > kTall * photo.width; }

bool IsSmall(const Map& alpha) {
  const double sum = std::accumulate(alpha.values.begin(), alpha.values.end(), 0.0);
  return sum < kLarge * static_cast<double>(alpha.values.size());
}

std::array<Picture, 2> Parts(const Picture& photo) {
  const int height = PartHeight(photo);
  Picture upper(height, photo.width, photo.channels);
  Picture lower = upper;
  std::copy_n(photo.values.begin(), upper.values.size(), upper.values.begin());
  std::copy_n(photo.Row(photo.height - height), lower.values.size(), lower.values.begin());
  return {std::move(upper), std::move(lower)};
}

Map Joined(const Picture& photo, const Map& upper, const Map& lower) {
  const double scale = static_cast<double>(photo.height) / PartHeight(photo);
  const int height = static_cast<int>(std::lrint(upper.height * scale));
  const int below = height - lower.height;  // where the lower part begins
  const int overlap = upper.height - below;
  Map joined(height, upper.width, 1);
  std::copy_n(upper.values.begin(), upper.values.size(), joined.values.begin());
  std::copy_n(lower.values.begin(), lower.values.size(), joined.Row(below));
  for (int y = 0; y < overlap; ++y) {
    const float share = (static_cast<float>(y) + 0.5f) / static_cast<float>(overlap);
    std::transform(upper.Row(below + y), upper.Row(below + y) + upper.width, lower.Row(y), joined.Row(below + y),
                   [share](float one, float other) { return (1 - share) * one + share * other; });
  }
  return joined;
}

}  // namespace matting
