#include "search.h"

#include <algorithm>
#include <cmath>

#include "closer_look.h"
#include "map_place.h"

namespace matting {

namespace {

constexpr double kNobody = 0.01;  // share of the photo that is person, below which nobody has been seen
constexpr double kSide = 0.5;     // of a tile, relative to the photo's longer side
constexpr double kStep = 0.6;     // most distance between two tiles, relative to their side

bool ShowsSomebody(const Map& alpha) {
  const auto& values = alpha.values;
  const auto count = std::count_if(values.begin(), values.end(), [](float each) { return each >= kPerson; });
  return static_cast<double>(count) / static_cast<double>(values.size()) >= kNobody;
}

// Where parts begin that are spread evenly over a side and overlap.
std::vector<int> Starts(int whole, int part) {
  const int steps = static_cast<int>(std::ceil((whole - part) / (kStep * part)));
  std::vector<int> starts;
  for (int step = 0; step <= steps; ++step) {
    starts.push_back(Rounded(static_cast<double>(step) * (whole - part) / std::max(1, steps)));
  }
  return starts;
}

}  // namespace

std::vector<Place> FindTiles(const Picture& photo, const Map& alpha) {
  const int longer = std::max(photo.height, photo.width);
  std::vector<Place> tiles;
  if (ShowsSomebody(alpha) || longer <= std::max(alpha.height, alpha.width)) {
    return tiles;
  }
  const int side = static_cast<int>(std::ceil(kSide * longer));
  const int rows = std::min(photo.height, side), columns = std::min(photo.width, side);
  for (const int top : Starts(photo.height, rows)) {
    for (const int left : Starts(photo.width, columns)) {
      tiles.push_back({top, left, rows, columns});
    }
  }
  return tiles;
}

Map JoinedTiles(const Picture& photo, const std::vector<Place>& tiles, const std::vector<Map>& maps) {
  Map total, weight;
  for (size_t i = 0; i < tiles.size(); ++i) {
    const Map& map = maps[i];
    const MapPlace place = FindMapPlace(photo, tiles[i], map, map.height / 2.0, map.width / 2.0);
    if (i == 0) {
      total = weight = Map(place.size.height, place.size.width, 1);
    }
    for (int y = 0; y < map.height; ++y) {
      for (int x = 0; x < map.width; ++x) {
        const float share = place.weights.Row(y)[x];
        total.Row(place.top + y)[place.left + x] += share * map.Row(y)[x];
        weight.Row(place.top + y)[place.left + x] += share;
      }
    }
  }
  std::transform(total.values.begin(), total.values.end(), weight.values.begin(), total.values.begin(),
                 [](float sum, float share) { return sum / share; });
  return total;
}

}  // namespace matting
