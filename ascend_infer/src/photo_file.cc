#include "photo_file.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "jpeg_file.h"
#include "orientation.h"
#include "png_file.h"
#include "tensor_files.h"

namespace matting {

namespace {

bool StartsWith(const Bytes& content, const char* magic) {
  return content.size() >= std::strlen(magic) && std::equal(magic, magic + std::strlen(magic), content.begin());
}

// Whether a colour profile is that of sRGB, by its description, which may be in UTF-16.
bool IsSrgb(const Bytes& profile) {
  std::string letters;
  for (const char letter : profile) {
    if (letter != '\0') {
      letters.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(letter))));
    }
  }
  return letters.find("srgb") != std::string::npos;
}

// Blends colours with white as src/images/blending.py does.
void PutOverWhite(Photo* photo) {
  for (size_t i = 0; i < photo->alpha.values.size(); ++i) {
    const float weight = static_cast<float>(photo->alpha.values[i]) / 255;
    for (int c = 0; c < 3; ++c) {
      uint8_t& value = photo->colours.values[3 * i + c];
      value = ToByte(static_cast<float>(value) * weight + 255 * (1 - weight));
    }
  }
}

bool IsOpaque(const Picture& alpha) {
  return std::all_of(alpha.values.begin(), alpha.values.end(), [](uint8_t value) { return value == 255; });
}

}  // namespace

Photo ReadPhoto(const std::filesystem::path& path) {
  const Bytes content = ReadWhole(path);
  DecodedPhoto decoded;
  try {
    if (StartsWith(content, "\xff\xd8\xff")) {
      decoded = DecodeJpeg(content);
    } else if (StartsWith(content, "\x89PNG\r\n\x1a\n")) {
      decoded = DecodePng(content);
    } else {
      throw Error("neither JPEG nor PNG");
    }
  } catch (const Error& error) {
    throw InputError(path.string() + ": cannot be read as a photo: " + error.what());
  }
  Photo photo;
  if (!decoded.profile.empty() && !IsSrgb(decoded.profile)) {
    photo.remark = path.string() + ": its colour profile is not applied; sRGB is assumed";
  }
  const int orientation = OrientationOf(decoded.exif, decoded.xmp);
  photo.colours = Upright(std::move(decoded.colours), orientation);
  if (!IsOpaque(decoded.alpha)) {
    photo.alpha = Upright(std::move(decoded.alpha), orientation);
    PutOverWhite(&photo);
  }
  return photo;
}

}  // namespace matting
