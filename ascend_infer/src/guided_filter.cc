#include "guided_filter.h"

#include <algorithm>
#include <array>

namespace matting {

namespace {

constexpr int kRadius = 2;          // of the window, in pixels of the network
constexpr float kEpsilon = 1e-5f;   // regularisation against noise, for colours in [0, 1]

// The index that a mirror at the border shows: 2 1 0 | 0 1 2.
int Reflected(int i, int count) {
  while (i < 0 || i >= count) {
    i = i < 0 ? -1 - i : 2 * count - 1 - i;
  }
  return i;
}

// The mean over the window around each pixel, by channel.
Map WindowMeans(const Map& map) {
  constexpr int kSide = 2 * kRadius + 1;
  constexpr double kShare = 1.0 / (kSide * kSide);
  const size_t row_values = static_cast<size_t>(map.width) * map.channels;
  Map means(map.height, map.width, map.channels);
  std::vector<double> column_sums(row_values);
  for (int y = 0; y < map.height; ++y) {
    std::fill(column_sums.begin(), column_sums.end(), 0.0);
    for (int k = -kRadius; k <= kRadius; ++k) {
      const float* source = map.Row(Reflected(y + k, map.height));
      for (size_t i = 0; i < row_values; ++i) {
        column_sums[i] += source[i];
      }
    }
    float* target = means.Row(y);
    for (int x = 0; x < map.width; ++x) {
      std::array<size_t, kSide> columns;
      for (int k = 0; k < kSide; ++k) {
        columns[k] = static_cast<size_t>(Reflected(x + k - kRadius, map.width)) * map.channels;
      }
      for (int c = 0; c < map.channels; ++c) {
        double sum = 0;
        for (const size_t column : columns) {
          sum += column_sums[column + c];
        }
        *target++ = static_cast<float>(sum * kShare);
      }
    }
  }
  return means;
}

// Solves a system of three linear equations, whose rows hold the matrix and the right side.
std::array<float, 3> Solve(std::array<std::array<float, 4>, 3> rows) {
  for (int i = 0; i < 3; ++i) {
    int pivot = i;
    for (int k = i + 1; k < 3; ++k) {
      if (std::abs(rows[k][i]) > std::abs(rows[pivot][i])) {
        pivot = k;
      }
    }
    std::swap(rows[i], rows[pivot]);
    for (int k = i + 1; k < 3; ++k) {
      const float factor = rows[k][i] / rows[i][i];
      for (int j = i; j < 4; ++j) {
        rows[k][j] -= factor * rows[i][j];
      }
    }
  }
  std::array<float, 3> solution;
  for (int i = 2; i >= 0; --i) {
    float rest = rows[i][3];
    for (int j = i + 1; j < 3; ++j) {
      rest -= rows[i][j] * solution[j];
    }
    solution[i] = rest / rows[i][i];
  }
  return solution;
}

// What the windows' means are needed of: colour, alpha, colour times alpha, colour times colour.
constexpr int kAlpha = 3, kTimesAlpha = 4, kProducts = 7, kChannels = 13;
constexpr int kProduct[3][3] = {{0, 1, 2}, {1, 3, 4}, {2, 4, 5}};

Map Products(const Picture& small, const Map& alpha) {
  Map products(alpha.height, alpha.width, kChannels);
  float* target = products.values.data();
  for (size_t i = 0; i < alpha.values.size(); ++i, target += kChannels) {
    target[kAlpha] = alpha.values[i];
    for (int c = 0; c < 3; ++c) {
      target[c] = static_cast<float>(small.values[3 * i + 2 - c]) / 255;
      target[kTimesAlpha + c] = target[c] * target[kAlpha];
    }
    for (int a = 0; a < 3; ++a) {
      for (int b = a; b < 3; ++b) {
        target[kProducts + kProduct[a][b]] = target[a] * target[b];
      }
    }
  }
  return products;
}

// Slope over B, G and R, and offset, of alpha in the windows around each pixel, averaged over these windows.
Map LinearCoefficients(const Picture& small, const Map& alpha) {
  const Map means = WindowMeans(Products(small, alpha));
  Map coefficients(alpha.height, alpha.width, 4);
  float* target = coefficients.values.data();
  const float* mean = means.values.data();
  for (size_t i = 0; i < alpha.values.size(); ++i, target += 4, mean += kChannels) {
    std::array<std::array<float, 4>, 3> rows;
    for (int a = 0; a < 3; ++a) {
      for (int b = 0; b < 3; ++b) {
        rows[a][b] = mean[kProducts + kProduct[a][b]] - mean[a] * mean[b] + (a == b ? kEpsilon : 0);
      }
      rows[a][3] = mean[kTimesAlpha + a] - mean[a] * mean[kAlpha];
    }
    const std::array<float, 3> slope = Solve(rows);
    std::copy(slope.begin(), slope.end(), target);
    target[3] = mean[kAlpha] - (slope[0] * mean[0] + slope[1] * mean[1] + slope[2] * mean[2]);
  }
  return WindowMeans(coefficients);
}

// Two neighbours in the small map, and the weight of the second.
struct Neighbours {
  int first, second;
  float weight;
};

std::vector<Neighbours> NeighboursOf(int small, int large) {
  std::vector<Neighbours> neighbours;
  for (int i = 0; i < large; ++i) {
    const double place = std::clamp((i + 0.5) * small / large - 0.5, 0.0, small - 1.0);
    const int first = static_cast<int>(place);
    neighbours.push_back({first, std::min(first + 1, small - 1), static_cast<float>(place - first)});
  }
  return neighbours;
}

}  // namespace

Picture GuidedFilter(const Picture& photo, const Picture& small, const Map& alpha) {
  const Map coefficients = LinearCoefficients(small, alpha);
  const std::vector<Neighbours> rows = NeighboursOf(alpha.height, photo.height);
  const std::vector<Neighbours> columns = NeighboursOf(alpha.width, photo.width);
  Picture result(photo.height, photo.width, 1);
  std::vector<float> line(static_cast<size_t>(alpha.width) * 4);
  for (int y = 0; y < photo.height; ++y) {
    const float* upper = coefficients.Row(rows[y].first);
    const float* lower = coefficients.Row(rows[y].second);
    for (size_t i = 0; i < line.size(); ++i) {
      line[i] = upper[i] + rows[y].weight * (lower[i] - upper[i]);
    }
    const uint8_t* colour = photo.Row(y);
    uint8_t* target = result.Row(y);
    for (int x = 0; x < photo.width; ++x, colour += 3) {
      const float* left = line.data() + 4 * columns[x].first;
      const float* right = line.data() + 4 * columns[x].second;
      float between[4];
      for (int c = 0; c < 4; ++c) {
        between[c] = left[c] + columns[x].weight * (right[c] - left[c]);
      }
      const float value =
          (between[0] * colour[2] + between[1] * colour[1] + between[2] * colour[0]) * (1.0f / 255) + between[3];
      target[x] = ToByte(255 * std::clamp(value, 0.0f, 1.0f));
    }
  }
  return result;
}

}  // namespace matting
