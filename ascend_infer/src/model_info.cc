#include "model_info.h"

#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "tensor_files.h"

namespace matting {

namespace {

constexpr uint64_t kEntries = 14;  // number of the field with the keys and values
constexpr std::string_view kInfo = "matting_model";
enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// Walks through the length-delimited fields of a message of a protocol buffer.
class Fields {
 public:
  explicit Fields(std::string_view content) : rest_(content) {}

  // Moves to the next one; false at the end, and where the message is damaged.
  bool Next() {
    while (!rest_.empty()) {
      const uint64_t tag = Varint();
      number_ = tag >> 3;
      switch (tag & 7) {
        case kVarint:
          Varint();
          break;
        case kFixed64:
          Take(8);
          break;
        case kFixed32:
          Take(4);
          break;
        case kBytes:
          content_ = Take(Varint());
          return true;
        default:
          return false;
      }
    }
    return false;
  }

  uint64_t number() const { return number_; }
  std::string_view content() const { return content_; }

 private:
  std::string_view Take(uint64_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::string_view byte = Take(1);
      if (byte.empty()) {
        break;
      }
      value |= static_cast<uint64_t>(byte[0] & 127) << shift;
      if ((byte[0] & 128) == 0) {
        break;
      }
    }
    return value;
  }

  std::string_view rest_;
  uint64_t number_ = 0;
  std::string_view content_;
};

// The description, a text in YAML; empty if there is none.
std::string FindText(const Bytes& model) {
  for (Fields fields({model.data(), model.size()}); fields.Next();) {
    if (fields.number() != kEntries) {
      continue;
    }
    std::string_view key, text;
    for (Fields entry(fields.content()); entry.Next();) {
      (entry.number() == 1 ? key : text) = entry.content();
    }
    if (key == kInfo) {
      return std::string(text);
    }
  }
  return "";
}

// The numbers of the list "mean:", one on each line, as export.py writes it.
std::optional<Mean> FindMean(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    if (line != "mean:") {
      continue;
    }
    Mean mean;
    std::string dash;
    return lines >> dash >> mean[0] >> dash >> mean[1] >> dash >> mean[2] ? std::optional(mean) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Mean ReadMean(const std::filesystem::path& model) {
  const std::optional<Mean> mean = FindMean(FindText(ReadWhole(model)));
  if (!mean) {
    throw Error(model.string() + ": does not state the mean of its photos; export it again with export.py");
  }
  return *mean;
}

}  // namespace matting
