#include "closer_look.h"

#include <algorithm>
#include <cmath>

#include "map_place.h"
#include "resize.h"

namespace matting {

namespace {

constexpr double kMargin = 0.2;            // around people, relative to their longer side
constexpr double kLargeRegion = 0.9;      // relative to the photo's longer side: it shows little more than the photo
constexpr double kSmallestRegion = 0.25;  // likewise: a smaller one would only be blurred
constexpr double kRamp = 0.07;             // relative to the region's longer side: where it passes into the rest
constexpr double kTall = 1.4;              // height relative to width
constexpr double kLarge = 0.4;             // mean alpha
// Size of a part, relative to the region's width, and at least relative to its height.
constexpr double kOfWidth = 1.15, kOfHeight = 0.6;

int Floor(double value) { return static_cast<int>(std::floor(value)); }
int Ceil(double value) { return static_cast<int>(std::ceil(value)); }

bool IsWhole(const Place& region, const Picture& photo) {
  return region.height == photo.height && region.width == photo.width;
}

// The part of a photo in which all people are, with a margin; the whole if that is little more.
Place AroundPeople(const Picture& photo, const Map& alpha) {
  const Place whole{0, 0, photo.height, photo.width};
  int first_row = alpha.height, last_row = -1, first_column = alpha.width, last_column = -1;
  for (int y = 0; y < alpha.height; ++y) {
    for (int x = 0; x < alpha.width; ++x) {
      if (alpha.Row(y)[x] >= kPerson) {
        first_row = std::min(first_row, y);
        last_row = y;
        first_column = std::min(first_column, x);
        last_column = std::max(last_column, x);
      }
    }
  }
  if (last_row < 0) {
    return whole;
  }
  const double rows = static_cast<double>(photo.height) / alpha.height;
  const double columns = static_cast<double>(photo.width) / alpha.width;
  const double top = first_row * rows, bottom = (last_row + 1) * rows;
  const double left = first_column * columns, right = (last_column + 1) * columns;
  const double longer = std::max(bottom - top, right - left);
  const int longest = std::max(photo.height, photo.width);
  const double margin = std::max(kMargin * longer, (kSmallestRegion * longest - longer) / 2);
  const int from_row = std::max(0, Floor(top - margin)), from_column = std::max(0, Floor(left - margin));
  const Place region{from_row, from_column, std::min(photo.height, Ceil(bottom + margin)) - from_row,
                     std::min(photo.width, Ceil(right + margin)) - from_column};
  return std::max(region.height, region.width) > kLargeRegion * longest ? whole : region;
}

double MeanWithin(const Map& alpha, const Place& region, const Picture& photo) {
  const double rows = static_cast<double>(alpha.height) / photo.height;
  const double columns = static_cast<double>(alpha.width) / photo.width;
  const int top = Floor(region.top * rows), bottom = std::min(alpha.height, Ceil((region.top + region.height) * rows));
  const int left = Floor(region.left * columns);
  const int right = std::min(alpha.width, Ceil((region.left + region.width) * columns));
  double sum = 0;
  for (int y = top; y < bottom; ++y) {
    for (int x = left; x < right; ++x) {
      sum += alpha.Row(y)[x];
    }
  }
  return sum / (static_cast<double>(bottom - top) * (right - left));
}

// Joins alpha of the upper and the lower part of a region, which overlap.
Map JoinedParts(const Look& look, const Map& upper, const Map& lower) {
  const int height = Rounded(static_cast<double>(upper.height) * look.region.height / look.parts[0].height);
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

}  // namespace

Look FindLook(const Picture& photo, const Map& alpha) {
  const Place region = AroundPeople(photo, alpha);
  if (region.height > kTall * region.width && MeanWithin(alpha, region, photo) < kLarge) {
    Place upper = region;
    upper.height = Rounded(std::max(kOfWidth * region.width, kOfHeight * region.height));
    Place lower = upper;
    lower.top = region.top + region.height - lower.height;
    return {region, {upper, lower}};
  }
  return IsWhole(region, photo) ? Look{region, {}} : Look{region, {region}};
}

Map Joined(const Picture& photo, const Look& look, const Map& whole, const std::vector<Map>& parts) {
  const Place& region = look.region;
  Map seen = parts.size() == 1 ? parts[0] : JoinedParts(look, parts[0], parts[1]);
  if (IsWhole(region, photo)) {
    return seen;
  }
  const double reach = kRamp * std::max(seen.height, seen.width);
  const MapPlace place = FindMapPlace(photo, region, seen, reach, reach);
  Map canvas = ResizeCubic(whole, place.size.height, place.size.width);
  for (int y = 0; y < seen.height; ++y) {
    float* around = canvas.Row(place.top + y) + place.left;
    for (int x = 0; x < seen.width; ++x) {
      const float weight = place.weights.Row(y)[x];
      around[x] = (1 - weight) * around[x] + weight * seen.Row(y)[x];
    }
  }
  return canvas;
}

}  // namespace matting
