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
  Picture middle(cut(height, picture.height), cut(width, picture.width), 3);
  const int top = (picture.height - middle.height) / 2;
  const int left = (picture.width - middle.width) / 2;
  for (int y = 0; y < middle.height; ++y) {
    const uint8_t* source = picture.Row(top + y) + 3 * left;
    std::copy(source, source + 3 * middle.width, middle.Row(y));
  }
  return Resize(middle, height, width);
}

// Divides 0..65025 by 255, rounded.
uint8_t By255(int value) { return static_cast<uint8_t>((value + 128 + ((value + 128) >> 8)) >> 8); }

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
  Picture alpha(place.height, place.width, 1);
  for (int y = 0; y < place.height; ++y) {
    const float* source = network_alpha.Row(place.top + y) + place.left;
    std::transform(source, source + place.width, alpha.Row(y),
                   [](float value) { return ToByte(255 * std::clamp(value, 0.0f, 1.0f)); });
  }
  return Resize(alpha, height, width);
}

Picture Composite(const Picture& frame, const Picture& alpha, const Picture& background) {
  Picture result(frame.height, frame.width, 3);
  for (size_t i = 0; i < alpha.values.size(); ++i) {
    const int weight = alpha.values[i];
    for (size_t k = 3 * i; k < 3 * i + 3; ++k) {
      result.values[k] = By255(weight * frame.values[k] + (255 - weight) * background.values[k]);
    }
  }
  return result;
}

}  // namespace matting
