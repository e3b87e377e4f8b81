#include "nv21.h"

#include <algorithm>

namespace matting {

namespace {

// The weights of BT.601 for luma 16..235 and chroma 16..240, in fixed point.
constexpr int kShift = 20;
constexpr int kHalf = 1 << (kShift - 1);
constexpr int kYBlack = 16, kGrey = 128;
constexpr int kYToAll = 1220542, kUToBlue = 2116026, kUToGreen = -409993, kVToGreen = -852492, kVToRed = 1673527;

struct Weights {
  int red, green, blue;
};
constexpr Weights kToY = {269484, 528482, 102760};
constexpr Weights kToU = {-155188, -305135, 460324};
constexpr Weights kToV = {460324, -385875, -74448};

uint8_t Byte(int fixed) { return static_cast<uint8_t>(std::clamp(fixed >> kShift, 0, 255)); }

uint8_t Weighted(const Weights& weights, int offset, const uint8_t* pixel) {
  return Byte(weights.red * pixel[0] + weights.green * pixel[1] + weights.blue * pixel[2] + (offset << kShift) +
              kHalf);
}

}  // namespace

size_t Nv21Size(int height, int width) { return static_cast<size_t>(height) * width * 3 / 2; }

Picture Nv21ToRgb(const uint8_t* frame, int height, int width) {
  const uint8_t* chroma = frame + static_cast<size_t>(height) * width;
  Picture colours(height, width, 3);
  for (int y = 0; y < height; ++y) {
    const uint8_t* luma = frame + static_cast<size_t>(y) * width;
    const uint8_t* pairs = chroma + static_cast<size_t>(y / 2) * width;
    uint8_t* target = colours.Row(y);
    for (int x = 0; x < width; x += 2, target += 6) {
      const int v = pairs[x] - kGrey;
      const int u = pairs[x + 1] - kGrey;
      const int red = kVToRed * v + kHalf;
      const int green = kVToGreen * v + kUToGreen * u + kHalf;
      const int blue = kUToBlue * u + kHalf;
      for (int i = 0; i < 2; ++i) {
        const int grey = kYToAll * std::max(luma[x + i] - kYBlack, 0);
        target[3 * i] = Byte(grey + red);
        target[3 * i + 1] = Byte(grey + green);
        target[3 * i + 2] = Byte(grey + blue);
      }
    }
  }
  return colours;
}

std::vector<uint8_t> RgbToNv21(const Picture& colours) {
  std::vector<uint8_t> frame(Nv21Size(colours.height, colours.width));
  uint8_t* luma = frame.data();
  uint8_t* pairs = luma + static_cast<size_t>(colours.height) * colours.width;
  for (int y = 0; y < colours.height; ++y) {
    const uint8_t* row = colours.Row(y);
    for (int x = 0; x < colours.width; ++x) {
      *luma++ = Weighted(kToY, kYBlack, row + 3 * x);
    }
    if (y % 2 == 0) {
      for (int x = 0; x < colours.width; x += 2) {
        *pairs++ = Weighted(kToV, kGrey, row + 3 * x);
        *pairs++ = Weighted(kToU, kGrey, row + 3 * x);
      }
    }
  }
  return frame;
}

}  // namespace matting
