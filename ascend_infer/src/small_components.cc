#include "small_components.h"

#include <algorithm>

namespace matting {

namespace {

constexpr float kFaint = 0.2f;  // pixels with alpha up to this separate the parts
constexpr double kSmall = 0.1;  // fraction of the largest part's sum of alpha, below which a part is removed

// The pixels connected with one, over corners too; they are marked as seen.
std::vector<int> Component(const Map& alpha, int start, std::vector<bool>* seen) {
  std::vector<int> pixels = {start};
  (*seen)[start] = true;
  for (size_t i = 0; i < pixels.size(); ++i) {
    const int y = pixels[i] / alpha.width;
    const int x = pixels[i] % alpha.width;
    for (int row = std::max(0, y - 1); row <= std::min(alpha.height - 1, y + 1); ++row) {
      for (int column = std::max(0, x - 1); column <= std::min(alpha.width - 1, x + 1); ++column) {
        const int next = row * alpha.width + column;
        if (!(*seen)[next] && alpha.values[next] > kFaint) {
          (*seen)[next] = true;
          pixels.push_back(next);
        }
      }
    }
  }
  return pixels;
}

}  // namespace

void RemoveSmallComponents(Map* alpha) {
  struct Part {
    std::vector<int> pixels;
    double weight;
  };
  std::vector<Part> parts;
  std::vector<bool> seen(alpha->values.size());
  double largest = 0;
  for (int i = 0; i < static_cast<int>(seen.size()); ++i) {
    if (seen[i] || !(alpha->values[i] > kFaint)) {
      continue;
    }
    Part part = {Component(*alpha, i, &seen), 0};
    for (const int pixel : part.pixels) {
      part.weight += alpha->values[pixel];
    }
    largest = std::max(largest, part.weight);
    parts.push_back(std::move(part));
  }
  for (const Part& part : parts) {
    if (part.weight < kSmall * largest) {
      for (const int pixel : part.pixels) {
        alpha->values[pixel] = 0;
      }
    }
  }
}

}  // namespace matting
