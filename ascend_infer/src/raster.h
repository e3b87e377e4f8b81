// Pictures and maps: values in rows, with the channels of a pixel beside one another.
#ifndef ASCEND_INFER_RASTER_H_
#define ASCEND_INFER_RASTER_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace matting {

template <typename T>
struct Raster {
  Raster() = default;
  Raster(int height, int width, int channels)
      : height(height), width(width), channels(channels),
        values(static_cast<size_t>(height) * width * channels) {}

  T* Row(int y) { return values.data() + static_cast<size_t>(y) * width * channels; }
  const T* Row(int y) const { return values.data() + static_cast<size_t>(y) * width * channels; }

  int height = 0;
  int width = 0;
  int channels = 0;
  std::vector<T> values;
};

using Picture = Raster<uint8_t>;  // RGB, or alpha alone
using Map = Raster<float>;

// Rounds 0..255 to the nearest integer, halves to the even one, as NumPy and OpenCV do.
inline uint8_t ToByte(float value) { return static_cast<uint8_t>(std::lrint(value)); }

// Alpha in 0..1 as 0..255, rounded.
inline Picture ToBytes(const Map& alpha) {
  Picture bytes(alpha.height, alpha.width, 1);
  std::transform(alpha.values.begin(), alpha.values.end(), bytes.values.begin(),
                 [](float value) { return ToByte(255 * std::clamp(value, 0.0f, 1.0f)); });
  return bytes;
}

// Rounds to the nearest integer, halves to the even one, as Python does.
inline int Rounded(double value) { return static_cast<int>(std::lrint(value)); }

}  // namespace matting

#endif  // ASCEND_INFER_RASTER_H_
