#include "jpeg_file.h"

#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it

#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>
#include <cstring>

namespace matting {

namespace {

constexpr int kExif = JPEG_APP0 + 1, kProfile = JPEG_APP0 + 2;
constexpr unsigned kLongestMarker = 0xffff;
constexpr char kExifName[] = "Exif\0";              // ends in two zeros
constexpr char kXmpName[] = "http://ns.adobe.com/xap/1.0/";
constexpr char kProfileName[] = "ICC_PROFILE";      // then one zero, the part's number and the number of parts
constexpr size_t kProfileHeader = sizeof(kProfileName) + 2;

// libjpeg's state. Its errors leave by longjmp, which must not pass by the destructors of C++ objects.
struct Decoder {
  jpeg_decompress_struct info;
  jpeg_error_mgr errors;
  std::jmp_buf failed;
  char reason[JMSG_LENGTH_MAX];
  bool is_cut_off;
};

void Fail(j_common_ptr info) {
  auto* decoder = static_cast<Decoder*>(info->client_data);
  info->err->format_message(info, decoder->reason);
  std::longjmp(decoder->failed, 1);
}

// Of the warnings, only one means that a part of the picture is missing.
void Warn(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code == JWRN_JPEG_EOF) {
    static_cast<Decoder*>(info->client_data)->is_cut_off = true;
  }
}

// Reads the header, and settles what is decoded to. Returns false if that failed.
bool Start(Decoder* decoder, const Bytes& content) {
  jpeg_decompress_struct* info = &decoder->info;
  if (setjmp(decoder->failed) != 0) {
    return false;
  }
  jpeg_create_decompress(info);
  jpeg_mem_src(info, reinterpret_cast<unsigned char*>(const_cast<char*>(content.data())), content.size());
  jpeg_save_markers(info, kExif, kLongestMarker);
  jpeg_save_markers(info, kProfile, kLongestMarker);
  jpeg_read_header(info, TRUE);
  const bool has_black = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
  info->out_color_space = has_black ? JCS_CMYK : JCS_RGB;
  jpeg_calc_output_dimensions(info);
  return true;
}

bool DecodeRows(Decoder* decoder, Picture* picture) {
  jpeg_decompress_struct* info = &decoder->info;
  if (setjmp(decoder->failed) != 0) {
    return false;
  }
  jpeg_start_decompress(info);
  while (info->output_scanline < info->output_height) {
    JSAMPROW row = picture->Row(static_cast<int>(info->output_scanline));
    jpeg_read_scanlines(info, &row, 1);
  }
  jpeg_finish_decompress(info);  // reads up to the end marker
  return true;
}

// Printing colours, stored inverted, to RGB in the arithmetic of Pillow.
Picture CmykToRgb(const Picture& picture) {
  Picture rgb(picture.height, picture.width, 3);
  for (size_t i = 0; i < rgb.values.size() / 3; ++i) {
    const int light = picture.values[4 * i + 3];
    for (size_t c = 0; c < 3; ++c) {
      const int product = (255 - picture.values[4 * i + c]) * light + 128;
      rgb.values[3 * i + c] = static_cast<uint8_t>(std::max(0, light - (((product >> 8) + product) >> 8)));
    }
  }
  return rgb;
}

void ReadMarkers(const jpeg_decompress_struct& info, DecodedPhoto* photo) {
  for (auto* marker = info.marker_list; marker != nullptr; marker = marker->next) {
    const char* data = reinterpret_cast<const char*>(marker->data);
    const size_t size = marker->data_length;
    const auto is_named = [&](const auto& name) {
      return size > sizeof(name) && std::memcmp(data, name, sizeof(name)) == 0;
    };
    if (marker->marker == kExif && photo->exif.empty() && is_named(kExifName)) {
      photo->exif.assign(data + sizeof(kExifName), data + size);
    } else if (marker->marker == kExif && is_named(kXmpName)) {
      photo->xmp.assign(data + sizeof(kXmpName), data + size);
    } else if (marker->marker == kProfile && is_named(kProfileName) && size > kProfileHeader) {
      photo->profile.insert(photo->profile.end(), data + kProfileHeader, data + size);
    }
  }
}

DecodedPhoto Decode(Decoder* decoder, const Bytes& content) {
  if (!Start(decoder, content)) {
    throw Error(decoder->reason);
  }
  const jpeg_decompress_struct& info = decoder->info;
  if (static_cast<int64_t>(info.output_height) * info.output_width > kMostPixels) {
    throw Error("too large");
  }
  Picture picture(static_cast<int>(info.output_height), static_cast<int>(info.output_width),
                  info.out_color_components);
  DecodedPhoto photo;
  ReadMarkers(info, &photo);  // before they are freed, which the end of decoding does
  if (!DecodeRows(decoder, &picture)) {
    throw Error(decoder->reason);
  }
  if (decoder->is_cut_off) {
    throw Error("its end is missing");
  }
  photo.colours = info.out_color_space == JCS_CMYK ? CmykToRgb(picture) : std::move(picture);
  return photo;
}

}  // namespace

DecodedPhoto DecodeJpeg(const Bytes& content) {
  Decoder decoder = {};
  decoder.info.err = jpeg_std_error(&decoder.errors);
  decoder.info.client_data = &decoder;
  decoder.errors.error_exit = Fail;
  decoder.errors.emit_message = Warn;
  struct Cleaner {
    jpeg_decompress_struct* info;
    ~Cleaner() { jpeg_destroy_decompress(info); }
  } cleaner = {&decoder.info};
  return Decode(&decoder, content);
}

}  // namespace matting
