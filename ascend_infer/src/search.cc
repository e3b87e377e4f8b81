#include "search.h"

#include <algorithm>
#include <cmath>

#include "closer_look.h"

namespace matting {

namespace {

constexpr double kNobody = 0.01;  // share of the photo that is person, below which nobody has been seen
constexpr double kSide = 0.5;     // of a tile, relative to the photo's longer side
constexpr double kStep = 0.6;     // most distance between two tiles, relative to their side

int Rounded(double value) { return static_cast<int>(std::lrint(value)); }

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
  const int rows = maps[0].height, columns = maps[0].width;
  Map total(Rounded(static_cast<double>(rows) * photo.height / tiles[0].height),
            Rounded(static_cast<double>(columns) * photo.width / tiles[0].width), 1);
  Map weight(total.height, total.width, 1);
  for (size_t i = 0; i < tiles.size(); ++i) {
    const Place& tile = tiles[i];
    const int top = std::min(Rounded(static_cast<double>(tile.top) * total.height / photo.height), total.height - rows);
    const int left =
        std::min(Rounded(static_cast<double>(tile.left) * total.width / photo.width), total.width - columns);
    const auto down = FallingWeights(rows, rows / 2.0, tile.top > 0, tile.top + tile.height < photo.height);
    const auto across =
        FallingWeights(columns, columns / 2.0, tile.left > 0, tile.left + tile.width < photo.width);
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        const float share = down[y] * across[x];
        total.Row(top + y)[left + x] += share * maps[i].Row(y)[x];
        weight.Row(top + y)[left + x] += share;
      }
    }
  }
  std::transform(total.values.begin(), total.values.end(), weight.values.begin(), total.values.begin(),
                 [](float sum, float share) { return sum / share; });
  return total;
}

}  // namespace matting
