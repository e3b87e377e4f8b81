#include "orientation.h"

#include <algorithm>
#include <string_view>

namespace matting {

namespace {

constexpr size_t kUpright = 1, kHighest = 8;

// A TIFF header, then a directory with entries of 12 bytes: tag, type, count, value.
class ExifReader {
 public:
  explicit ExifReader(const Bytes& exif) : exif_(exif), is_little_(!exif.empty() && exif[0] == 'I') {}

  // An unsigned number of 2 or 4 bytes; 0 beyond the end.
  size_t Number(size_t place, size_t bytes) const {
    size_t number = 0;
    const bool is_within = exif_.size() >= bytes && place <= exif_.size() - bytes;
    for (size_t i = 0; is_within && i < bytes; ++i) {
      const size_t at = is_little_ ? place + bytes - 1 - i : place + i;
      number = number << 8 | static_cast<unsigned char>(exif_[at]);
    }
    return number;
  }

 private:
  const Bytes& exif_;
  bool is_little_;
};

size_t KnownOr(size_t value, size_t otherwise) { return value >= kUpright && value <= kHighest ? value : otherwise; }

// 0: not stated.
size_t ExifOrientation(const Bytes& exif) {
  constexpr size_t kOrientation = 0x0112, kLong = 4, kEntry = 12;
  const ExifReader reader(exif);
  const size_t directory = reader.Number(4, 4);
  const size_t count = reader.Number(directory, 2);
  for (size_t i = 0; i < count; ++i) {
    const size_t entry = directory + 2 + i * kEntry;
    if (reader.Number(entry, 2) == kOrientation) {
      const size_t bytes = reader.Number(entry + 2, 2) == kLong ? 4 : 2;
      return KnownOr(reader.Number(entry + 8, bytes), kUpright);
    }
  }
  return 0;
}

// As an attribute or an element; 0: not stated.
size_t XmpOrientation(const Bytes& xmp) {
  const std::string_view text(xmp.data(), xmp.size()), name = "tiff:Orientation";
  for (size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
    const std::string_view rest = text.substr(at + name.size());
    const size_t digit = rest.substr(0, 2) == "=\"" ? 2 : rest.substr(0, 1) == ">" ? 1 : 0;
    if (digit > 0 && digit < rest.size() && rest[digit] >= '0' && rest[digit] <= '9') {
      return KnownOr(static_cast<size_t>(rest[digit] - '0'), kUpright);
    }
  }
  return 0;
}

}  // namespace

int OrientationOf(const Bytes& exif, const Bytes& xmp) {
  const size_t stated = ExifOrientation(exif);
  return static_cast<int>(KnownOr(stated > 0 ? stated : XmpOrientation(xmp), kUpright));
}

Picture Upright(Picture picture, int orientation) {
  if (orientation == static_cast<int>(kUpright)) {
    return picture;
  }
  // What a row or column of the result shows is a column (from 5 on) or row of the picture, from one end or the other.
  const bool is_transposed = orientation >= 5;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const int height = is_transposed ? picture.width : picture.height;
  const int width = is_transposed ? picture.height : picture.width;
  Picture upright(height, width, picture.channels);
  for (int y = 0; y < height; ++y) {
    uint8_t* target = upright.Row(y);
    const int from_y = from_bottom ? height - 1 - y : y;
    for (int x = 0; x < width; ++x) {
      const int from_x = from_right ? width - 1 - x : x;
      const uint8_t* source = is_transposed ? picture.Row(from_x) + static_cast<size_t>(from_y) * picture.channels
                                            : picture.Row(from_y) + static_cast<size_t>(from_x) * picture.channels;
      target = std::copy(source, source + picture.channels, target);
    }
  }
  return upright;
}

}  // namespace matting
