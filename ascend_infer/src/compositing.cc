#include "compositing.h"

#include <algorithm>

#include "errors.h"
#include "photo_file.h"
#include "resize.h"

namespace matting {

namespace {

// The middle of a picture, of the shape height x width, resized to that.
Picture Cover(const Picture& picture, int height, int width) {
  const double scale =
      std::max(static_cast<double>(height) / picture.height, static_cast<double>(width) / picture.width);
  const auto cut = [&](int side, int most) {
    return std::clamp(static_cast<int>(std::lrint(side / scale)), 1, most);
  };
  Place middle = {0, 0, cut(height, picture.height), cut(width, picture.width)};
  middle.top = (picture.height - middle.height) / 2;
  middle.left = (picture.width - middle.width) / 2;
  return Resize(CutPlace(picture.values, picture.width, middle, 3), height, width);
}

// Blends values, in 16 bits and without branches, which compilers turn into vectors.
void Blend(const uint8_t* frame, const uint8_t* background, const uint8_t* weights, size_t count, uint8_t* result) {
  for (size_t i = 0; i < count; ++i) {
    const uint16_t weight = weights[i];
    const uint16_t rounded = static_cast<uint16_t>(weight * frame[i] + (255 - weight) * background[i] + 128);
    result[i] = static_cast<uint8_t>((rounded + (rounded >> 8)) >> 8);  // divided by 255
  }
}

}  // namespace

Picture MakeBackground(const std::string& description, int height, int width) {
  if (description.rfind('#', 0) != 0) {
    return Cover(ReadPhoto(description).colours, height, width);
  }
  const std::string digits = description.substr(1);
  if (digits.size() != 6 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
    throw Error("--background " + description + ": a colour has the form #RRGGBB");
  }
  const int colour = std::stoi(digits, nullptr, 16);
  Picture background(height, width, 3);
  for (size_t i = 0; i < background.values.size(); i += 3) {
    for (int c = 0; c < 3; ++c) {
      background.values[i + c] = static_cast<uint8_t>(colour >> (16 - 8 * c));
    }
  }
  return background;
}

Picture FrameAlpha(const Map& network_alpha, const Place& place, int height, int width) {
  return Resize(ToBytes(CutPlace(network_alpha.values, network_alpha.width, place)), height, width);
}

Picture Composite(const Picture& frame, const Picture& alpha, const Picture& background) {
  Picture result(frame.height, frame.width, 3);
  std::vector<uint8_t> weights(static_cast<size_t>(frame.width) * 3);
  for (int y = 0; y < frame.height; ++y) {
    const uint8_t* row = alpha.Row(y);
    for (int x = 0; x < frame.width; ++x) {
      std::fill_n(weights.data() + 3 * x, 3, row[x]);
    }
    Blend(frame.Row(y), background.Row(y), weights.data(), weights.size(), result.Row(y));
  }
  return result;
}

}  // namespace matting
