#include "cut.h"

#include <algorithm>
#include <cstdlib>

#include "resize.h"

namespace matting {

namespace {

constexpr int kHeight = 36, kWidth = 64;  // to which frames are reduced
constexpr double kMostDifference = 28;    // of 255
constexpr double kLeastCommon = 0.90;     // of the histograms

// As OpenCV computes it.
int Luma(const uint8_t* pixel) { return (9798 * pixel[0] + 19235 * pixel[1] + 3735 * pixel[2] + (1 << 14)) >> 15; }

}  // namespace

Glance GlanceAt(const Picture& frame) {
  Glance glance{Resize(frame, kHeight, kWidth), {}};
  for (size_t i = 0; i < glance.small.values.size(); i += 3) {
    ++glance.histogram[Luma(&glance.small.values[i]) / 16];
  }
  return glance;
}

bool IsCut(const Glance& before, const Glance& after) {
  int difference = 0;
  for (size_t i = 0; i < before.small.values.size(); ++i) {
    difference += std::abs(before.small.values[i] - after.small.values[i]);
  }
  int common = 0;
  for (size_t i = 0; i < before.histogram.size(); ++i) {
    common += std::min(before.histogram[i], after.histogram[i]);
  }
  return difference > kMostDifference * 3 * kHeight * kWidth && common < kLeastCommon * kHeight * kWidth;
}

}  // namespace matting
