// Tensors in files: raw values, nothing else.
#ifndef ASCEND_INFER_TENSOR_FILES_H_
#define ASCEND_INFER_TENSOR_FILES_H_

#include <filesystem>
#include <string>
#include <vector>

#include "errors.h"

namespace matting {

using Bytes = std::vector<char>;

// A file that is missing, unreadable or of the wrong size: it is skipped, the rest goes on.
class InputError : public Error {
  using Error::Error;
};

// The .bin files of a folder, hidden ones left out, sorted by name.
// Throws Error where the folder is missing, cannot be read or has none.
std::vector<std::filesystem::path> ListInputs(const std::filesystem::path& folder);

// Reads a file of exactly `size` bytes. Throws InputError.
Bytes ReadInput(const std::filesystem::path& path, size_t size);

// Makes the folder where it is missing and checks that files can be written there. Throws Error.
void PrepareOutput(const std::filesystem::path& folder);

// Writes a file, whole or not at all. Throws Error.
void WriteWhole(const std::filesystem::path& path, const char* data, size_t size);

// Removes what an earlier run wrote of an input. Throws Error.
void RemoveOutputs(const std::filesystem::path& folder, const std::string& name, size_t count);

// Writes FOLDER/NAME_0.bin, FOLDER/NAME_1.bin, ... Throws Error.
void WriteOutputs(const std::filesystem::path& folder, const std::string& name,
                  const std::vector<Bytes>& outputs);

}  // namespace matting

#endif  // ASCEND_INFER_TENSOR_FILES_H_
