#include "png_file.h"

#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <csetjmp>
#include <cstring>
#include <string_view>

namespace matting {

namespace {

// libpng's state. Its errors leave by longjmp, which must not pass by the destructors of C++ objects.
struct Decoder {
  png_structp png;
  png_infop info;
  const Bytes* content;
  size_t place;
  std::string* reason;
};

void Fail(png_structp png, png_const_charp message) {
  *static_cast<std::string*>(png_get_error_ptr(png)) = message;
  png_longjmp(png, 1);
}

void Ignore(png_structp, png_const_charp) {}

void Read(png_structp png, png_bytep target, size_t size) {
  auto* decoder = static_cast<Decoder*>(png_get_io_ptr(png));
  if (size > decoder->content->size() - decoder->place) {
    png_error(png, "its end is missing");
  }
  std::memcpy(target, decoder->content->data() + decoder->place, size);
  decoder->place += size;
}

// Reads the header, and settles what is decoded to: grey, or RGB, and perhaps alpha, of 8 or 16 bits.
bool Start(Decoder* decoder) {
  const png_structp png = decoder->png;
  if (setjmp(png_jmpbuf(png)) != 0) {
    return false;
  }
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);  // the number of pixels is what is limited
  png_set_read_fn(png, decoder, Read);
  png_read_info(png, decoder->info);
  png_set_expand(png);
  if (png_get_color_type(png, decoder->info) != PNG_COLOR_TYPE_GRAY) {
    png_set_strip_16(png);
  }
  png_set_interlace_handling(png);
  png_read_update_info(png, decoder->info);
  return true;
}

bool DecodeRows(Decoder* decoder, png_bytep* rows) {
  if (setjmp(png_jmpbuf(decoder->png)) != 0) {
    return false;
  }
  png_read_image(decoder->png, rows);
  png_read_end(decoder->png, decoder->info);
  return true;
}

// Grey of 16 bits to 8, rounded as src/images/depth.py does, or alpha, which is 0 or 65535.
uint8_t FromSixteen(const uint8_t* bytes) {
  return static_cast<uint8_t>(((bytes[0] << 8 | bytes[1]) * 255 + 32767) / 65535);
}

void Split(const Picture& stored, int bytes, DecodedPhoto* photo) {
  const int channels = stored.channels / bytes;
  const int colours = channels < 3 ? 1 : 3;
  photo->colours = Picture(stored.height, stored.width, 3);
  if (channels != colours) {
    photo->alpha = Picture(stored.height, stored.width, 1);
  }
  const uint8_t* source = stored.values.data();
  for (size_t i = 0; i < photo->colours.values.size() / 3; ++i, source += stored.channels) {
    const auto value = [&](int channel) {
      return bytes == 1 ? source[channel] : FromSixteen(source + 2 * channel);
    };
    for (int c = 0; c < 3; ++c) {
      photo->colours.values[3 * i + c] = value(std::min(c, colours - 1));
    }
    if (channels != colours) {
      photo->alpha.values[i] = value(channels - 1);
    }
  }
}

// What a text of older programs holds: an empty line, the kind, the length, then digits to base 16.
Bytes FromHex(std::string_view text) {
  constexpr std::string_view kName("Exif\0\0", 6);
  for (int line = 0; line < 3; ++line) {
    text.remove_prefix(std::min(text.size(), text.find('\n') + 1));
  }
  std::string bytes;
  int digits = 0;
  for (const char letter : text) {
    if (std::isspace(static_cast<unsigned char>(letter))) {
      continue;
    }
    if (!std::isxdigit(static_cast<unsigned char>(letter))) {
      return {};
    }
    const int digit = std::isdigit(static_cast<unsigned char>(letter)) ? letter - '0' : (letter | 32) - 'a' + 10;
    if (digits++ % 2 == 0) {
      bytes.push_back(static_cast<char>(digit << 4));
    } else {
      bytes.back() = static_cast<char>(bytes.back() | digit);
    }
  }
  const size_t start = std::string_view(bytes).substr(0, kName.size()) == kName ? kName.size() : 0;
  return Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(start), bytes.end());
}

void ReadMetadata(const Decoder& decoder, DecodedPhoto* photo) {
  png_charp name = nullptr;
  png_bytep data = nullptr;
  int compression = 0;
  png_uint_32 size = 0;
  if (png_get_iCCP(decoder.png, decoder.info, &name, &compression, &data, &size) != 0) {
    photo->profile.assign(data, data + size);
  }
  png_textp texts = nullptr;
  const int count = png_get_text(decoder.png, decoder.info, &texts, nullptr);
  for (const png_text* text = texts; text != texts + count; ++text) {
    const std::string_view key = text->key;
    const std::string_view value(text->text, std::max(text->text_length, text->itxt_length));
    if (key == "XML:com.adobe.xmp") {
      photo->xmp.assign(value.begin(), value.end());
    } else if (key == "Raw profile type exif") {
      photo->exif = FromHex(value);
    }
  }
  if (png_get_eXIf_1(decoder.png, decoder.info, &size, &data) != 0) {
    photo->exif.assign(data, data + size);
  }
}

DecodedPhoto Decode(Decoder* decoder) {
  if (!Start(decoder)) {
    throw Error(*decoder->reason);
  }
  const png_uint_32 height = png_get_image_height(decoder->png, decoder->info);
  const png_uint_32 width = png_get_image_width(decoder->png, decoder->info);
  if (static_cast<int64_t>(height) * width > kMostPixels) {
    throw Error("too large");
  }
  const int bytes = png_get_bit_depth(decoder->png, decoder->info) == 16 ? 2 : 1;
  const int channels = png_get_channels(decoder->png, decoder->info) * bytes;
  Picture stored(static_cast<int>(height), static_cast<int>(width), channels);
  std::vector<png_bytep> rows(height);
  for (size_t y = 0; y < height; ++y) {
    rows[y] = stored.Row(static_cast<int>(y));
  }
  if (!DecodeRows(decoder, rows.data())) {
    throw Error(*decoder->reason);
  }
  DecodedPhoto photo;
  Split(stored, bytes, &photo);
  ReadMetadata(*decoder, &photo);
  return photo;
}

void Append(png_structp png, png_bytep data, size_t size) {
  auto* encoded = static_cast<Bytes*>(png_get_io_ptr(png));
  encoded->insert(encoded->end(), data, data + size);
}

bool Encode(png_structp png, png_infop info, const Picture& gray, Bytes* encoded) {
  if (setjmp(png_jmpbuf(png)) != 0) {
    return false;
  }
  png_set_write_fn(png, encoded, Append, nullptr);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
  png_set_compression_level(png, Z_BEST_SPEED);
  png_set_compression_strategy(png, Z_RLE);
  png_set_IHDR(png, info, gray.width, gray.height, 8, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (int y = 0; y < gray.height; ++y) {
    png_write_row(png, gray.Row(y));
  }
  png_write_end(png, info);
  return true;
}

}  // namespace

DecodedPhoto DecodePng(const Bytes& content) {
  std::string reason = "not enough memory";
  Decoder decoder = {png_create_read_struct(PNG_LIBPNG_VER_STRING, &reason, Fail, Ignore), nullptr, &content, 0,
                     &reason};
  struct Cleaner {
    Decoder* decoder;
    ~Cleaner() { png_destroy_read_struct(&decoder->png, &decoder->info, nullptr); }
  } cleaner = {&decoder};
  if (decoder.png != nullptr) {
    decoder.info = png_create_info_struct(decoder.png);
  }
  if (decoder.info == nullptr) {
    throw Error(reason);
  }
  return Decode(&decoder);
}

Bytes EncodePng(const Picture& gray) {
  std::string reason = "not enough memory";
  Bytes encoded;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &reason, Fail, Ignore);
  png_infop info = png != nullptr ? png_create_info_struct(png) : nullptr;
  const bool is_done = info != nullptr && Encode(png, info, gray, &encoded);
  png_destroy_write_struct(&png, &info);
  if (!is_done) {
    throw Error("PNG encoding failed: " + reason);
  }
  return encoded;
}

}  // namespace matting
