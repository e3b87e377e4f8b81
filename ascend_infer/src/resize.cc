#include "resize.h"

#include <algorithm>
#include <cfloat>
#include <utility>

namespace matting {

namespace {

constexpr int kUnit = 2048;  // of the fixed-point weights of bilinear interpolation

// The share of a source pixel in a result's pixel.
struct Share {
  int source;
  int target;
  float weight;
};

double ScaleOf(int source, int target) { return 1 / (static_cast<double>(target) / source); }

// The shares along one side that shrinks. What is below a thousandth of a pixel counts as nothing.
std::vector<Share> AreaShares(int source, int target) {
  constexpr double kNothing = 1e-3;
  const double scale = ScaleOf(source, target);
  std::vector<Share> shares;
  for (int i = 0; i < target; ++i) {
    const double begin = i * scale;
    const double end = begin + scale;
    const double covered = std::min(scale, source - begin);
    const int last = std::min(static_cast<int>(std::floor(end)), source - 1);
    const int first = std::min(static_cast<int>(std::ceil(begin)), last);
    if (first - begin > kNothing) {
      shares.push_back({first - 1, i, static_cast<float>((first - begin) / covered)});
    }
    for (int k = first; k < last; ++k) {
      shares.push_back({k, i, static_cast<float>(1 / covered)});
    }
    if (end - last > kNothing) {
      shares.push_back({last, i, static_cast<float>(std::min(std::min(end - last, 1.0), covered) / covered)});
    }
  }
  return shares;
}

// Shrinks a row of pixels.
template <int kChannels>
void ShrinkRow(const uint8_t* source, const std::vector<Share>& columns, std::vector<float>* line) {
  std::fill(line->begin(), line->end(), 0.0f);
  float* values = line->data();
  for (const Share& share : columns) {
    const uint8_t* from = source + static_cast<size_t>(share.source) * kChannels;
    float* to = values + static_cast<size_t>(share.target) * kChannels;
    for (int c = 0; c < kChannels; ++c) {
      to[c] += from[c] * share.weight;
    }
  }
}

Picture ShrinkByArea(const Picture& picture, int height, int width) {
  const int channels = picture.channels;
  const auto shrink_row = channels == 1 ? ShrinkRow<1> : ShrinkRow<3>;
  const std::vector<Share> columns = AreaShares(picture.width, width);
  const std::vector<Share> rows = AreaShares(picture.height, height);
  Picture result(height, width, channels);
  std::vector<float> line(static_cast<size_t>(width) * channels);
  std::vector<float> sum(line.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows[i].source != rows[i - 1].source) {  // a row may belong to two of the result
      shrink_row(picture.Row(rows[i].source), columns, &line);
    }
    const float weight = rows[i].weight;
    if (i == 0 || rows[i].target != rows[i - 1].target) {
      std::fill(sum.begin(), sum.end(), 0.0f);
    }
    for (size_t k = 0; k < sum.size(); ++k) {
      sum[k] += weight * line[k];
    }
    if (i + 1 == rows.size() || rows[i + 1].target != rows[i].target) {
      std::transform(sum.begin(), sum.end(), result.Row(rows[i].target), ToByte);
    }
  }
  return result;
}

// Averages whole blocks of pixels.
Picture ShrinkByBlocks(const Picture& picture, int height, int width) {
  const int channels = picture.channels;
  const int rows = picture.height / height;
  const int columns = picture.width / width;
  const float share = 1.0f / static_cast<float>(rows * columns);
  const bool is_quarter = rows == 2 && columns == 2;  // rounded up from the half, as OpenCV's faster code does
  Picture result(height, width, channels);
  std::vector<int> sums(static_cast<size_t>(width) * channels);
  for (int y = 0; y < height; ++y) {
    std::fill(sums.begin(), sums.end(), 0);
    for (int row = y * rows; row < (y + 1) * rows; ++row) {
      const uint8_t* source = picture.Row(row);
      for (int x = 0; x < width; ++x) {
        for (int column = 0; column < columns; ++column) {
          for (int c = 0; c < channels; ++c) {
            sums[static_cast<size_t>(x) * channels + c] += *source++;
          }
        }
      }
    }
    std::transform(sums.begin(), sums.end(), result.Row(y), [&](int sum) {
      return is_quarter ? static_cast<uint8_t>((sum + 2) >> 2) : ToByte(static_cast<float>(sum) * share);
    });
  }
  return result;
}

Picture Shrink(const Picture& picture, int height, int width) {
  if (height == picture.height && width == picture.width) {
    return picture;
  }
  const auto is_whole = [](double scale) { return std::abs(scale - std::round(scale)) < DBL_EPSILON; };
  const bool in_blocks = is_whole(ScaleOf(picture.height, height)) && is_whole(ScaleOf(picture.width, width));
  return in_blocks ? ShrinkByBlocks(picture, height, width) : ShrinkByArea(picture, height, width);
}

// Two neighbours, and the fixed-point weights of both.
struct Neighbours {
  int first, second;
  int first_weight, second_weight;
};

std::vector<Neighbours> BilinearNeighbours(int source, int target) {
  const double scale = ScaleOf(source, target);
  std::vector<Neighbours> neighbours;
  for (int i = 0; i < target; ++i) {
    const float place = static_cast<float>((i + 0.5) * scale - 0.5);
    const int first = static_cast<int>(std::floor(place));
    const float fraction = place - static_cast<float>(first);
    neighbours.push_back({std::clamp(first, 0, source - 1), std::clamp(first + 1, 0, source - 1),
                          static_cast<int>(std::lrint((1 - fraction) * kUnit)),
                          static_cast<int>(std::lrint(fraction * kUnit))});
  }
  return neighbours;
}

Picture Grow(const Picture& picture, int height, int width) {
  if (height == picture.height && width == picture.width) {
    return picture;
  }
  const int channels = picture.channels;
  const std::vector<Neighbours> columns = BilinearNeighbours(picture.width, width);
  const std::vector<Neighbours> rows = BilinearNeighbours(picture.height, height);
  const auto widen = [&](int y, std::vector<int>* line) {
    const uint8_t* source = picture.Row(y);
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        (*line)[static_cast<size_t>(x) * channels + c] =
            source[columns[x].first * channels + c] * columns[x].first_weight +
            source[columns[x].second * channels + c] * columns[x].second_weight;
      }
    }
  };
  Picture result(height, width, channels);
  std::vector<int> upper(static_cast<size_t>(width) * channels);
  std::vector<int> lower(upper.size());
  int in_upper = -1, in_lower = -1;  // rows of the picture
  for (int y = 0; y < height; ++y) {
    const auto [first, second, first_weight, second_weight] = rows[y];
    if (first == in_lower) {  // rows of the result share their neighbours
      upper.swap(lower);
      std::swap(in_upper, in_lower);
    }
    if (first != in_upper) {
      widen(first, &upper);
      in_upper = first;
    }
    if (second != in_lower) {
      widen(second, &lower);
      in_lower = second;
    }
    uint8_t* target = result.Row(y);
    for (size_t k = 0; k < upper.size(); ++k) {  // in the steps in which OpenCV drops bits
      const int sum = ((first_weight * (upper[k] >> 4)) >> 16) + ((second_weight * (lower[k] >> 4)) >> 16);
      target[k] = static_cast<uint8_t>(std::clamp((sum + 2) >> 2, 0, 255));
    }
  }
  return result;
}

struct Taps {
  int source[4];
  float weight[4];
};

std::vector<Taps> CubicTaps(int source, int target) {
  constexpr float kA = -0.75f;
  const double scale = ScaleOf(source, target);
  std::vector<Taps> taps(target);
  for (int i = 0; i < target; ++i) {
    const float place = static_cast<float>((i + 0.5) * scale - 0.5);
    const int first = static_cast<int>(std::floor(place));
    const float x = place - static_cast<float>(first);
    float* weight = taps[i].weight;
    weight[0] = ((kA * (x + 1) - 5 * kA) * (x + 1) + 8 * kA) * (x + 1) - 4 * kA;
    weight[1] = ((kA + 2) * x - (kA + 3)) * x * x + 1;
    weight[2] = ((kA + 2) * (1 - x) - (kA + 3)) * (1 - x) * (1 - x) + 1;
    weight[3] = 1 - weight[0] - weight[1] - weight[2];
    for (int k = 0; k < 4; ++k) {
      taps[i].source[k] = std::clamp(first - 1 + k, 0, source - 1);
    }
  }
  return taps;
}

}  // namespace

Picture Resize(const Picture& picture, int height, int width) {
  return Grow(Shrink(picture, std::min(height, picture.height), std::min(width, picture.width)), height, width);
}

Map ResizeCubic(const Map& map, int height, int width) {
  const std::vector<Taps> columns = CubicTaps(map.width, width);
  const std::vector<Taps> rows = CubicTaps(map.height, height);
  Map widened(map.height, width, 1);
  for (int y = 0; y < map.height; ++y) {
    const float* source = map.Row(y);
    for (int x = 0; x < width; ++x) {
      for (int k = 0; k < 4; ++k) {
        widened.Row(y)[x] += source[columns[x].source[k]] * columns[x].weight[k];
      }
    }
  }
  Map result(height, width, 1);
  for (int y = 0; y < height; ++y) {
    for (int k = 0; k < 4; ++k) {
      const float* source = widened.Row(rows[y].source[k]);
      for (int x = 0; x < width; ++x) {
        result.Row(y)[x] += source[x] * rows[y].weight[k];
      }
    }
  }
  return result;
}

}  // namespace matting
