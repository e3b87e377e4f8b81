#include "letterbox.h"

#include <algorithm>

namespace matting {

Place LetterboxPlace(int height, int width, int size) {
  const auto fitted = [&](int side) {
    const double exact = static_cast<double>(static_cast<int64_t>(side) * size) / std::max(height, width);
    return std::max(1, static_cast<int>(std::lrint(exact)));
  };
  const int fitted_height = fitted(height);
  const int fitted_width = fitted(width);
  return {(size - fitted_height) / 2, (size - fitted_width) / 2, fitted_height, fitted_width};
}

std::vector<float> LetterboxInput(const Picture& small, const Place& place, int size, const Mean& mean) {
  const size_t plane = static_cast<size_t>(size) * size;
  std::vector<float> input(3 * plane);
  for (int c = 0; c < 3; ++c) {
    const auto normalised = [&](uint8_t value) { return (static_cast<float>(value) - mean[c]) / 255; };
    float* values = input.data() + c * plane;
    std::fill(values, values + plane, normalised(ToByte(mean[c])));
    for (int y = 0; y < place.height; ++y) {
      const uint8_t* source = small.Row(y) + (2 - c);  // RGB becomes BGR
      float* target = values + static_cast<size_t>(place.top + y) * size + place.left;
      for (int x = 0; x < place.width; ++x) {
        target[x] = normalised(source[3 * x]);
      }
    }
  }
  return input;
}

std::vector<float> Mirrored(const std::vector<float>& planes, int size) {
  std::vector<float> mirrored(planes.size());
  for (size_t row = 0; row < planes.size(); row += size) {
    std::reverse_copy(planes.begin() + row, planes.begin() + row + size, mirrored.begin() + row);
  }
  return mirrored;
}

}  // namespace matting
