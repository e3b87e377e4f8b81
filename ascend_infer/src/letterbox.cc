#include "letterbox.h"

#include <algorithm>

namespace matting {

Place LetterboxPlace(const Size& photo, const Size& input) {
  const auto product = [](int one, int other) { return static_cast<int64_t>(one) * other; };
  const bool fills_height = product(photo.height, input.width) >= product(photo.width, input.height);
  const auto fitted = [&](int side) {
    const double exact = fills_height ? static_cast<double>(product(side, input.height)) / photo.height
                                      : static_cast<double>(product(side, input.width)) / photo.width;
    return std::max(1, static_cast<int>(std::lrint(exact)));
  };
  const int height = fitted(photo.height);
  const int width = fitted(photo.width);
  return {(input.height - height) / 2, (input.width - width) / 2, height, width};
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

Picture LetterboxFrame(const Picture& small, const Place& place, const Size& input, uint8_t bars) {
  Picture frame(input.height, input.width, 3);
  std::fill(frame.values.begin(), frame.values.end(), bars);
  for (int y = 0; y < place.height; ++y) {
    std::copy(small.Row(y), small.Row(y) + 3 * place.width, frame.Row(place.top + y) + 3 * place.left);
  }
  return frame;
}

std::vector<float> Mirrored(const std::vector<float>& planes, int size) {
  std::vector<float> mirrored(planes.size());
  for (size_t row = 0; row < planes.size(); row += size) {
    std::reverse_copy(planes.begin() + row, planes.begin() + row + size, mirrored.begin() + row);
  }
  return mirrored;
}

}  // namespace matting
