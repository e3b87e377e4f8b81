// Tensors in files that contain only the raw values.
#ifndef ASCEND_INFER_TENSOR_FILES_H_
#define ASCEND_INFER_TENSOR_FILES_H_

#include <filesystem>
#include <string>
#include <vector>

#include "errors.h"

namespace matting {

using Bytes = std::vector<char>;

// A file is missing, unreadable or of the wrong size; it is skipped and the run continues.
class InputError : public Error {
  using Error::Error;
};

// Lists the .bin files in a folder, except hidden ones, sorted by name.
// Throws Error if the folder is missing, cannot be read or has no such files.
std::vector<std::filesystem::path> ListInputs(const std::filesystem::path& folder);

// Reads a file of exactly `size` bytes, into the memory of `room`. Throws InputError.
Bytes ReadInput(const std::filesystem::path& path, size_t size, Bytes room);

// Reads a file of any size. Throws InputError.
Bytes ReadWhole(const std::filesystem::path& path);

// Creates the folder if it is missing, checks that it is writable and removes abandoned files. Throws Error.
void PrepareOutput(const std::filesystem::path& folder);

// Removes temporary files that killed runs left in a folder: those that nobody wrote to for a day, since locks may not
// reach to other machines, and that no process here has locked.
void RemoveAbandoned(const std::filesystem::path& folder);

// The error of a file that cannot be written, by errno.
Error CannotWrite(const std::filesystem::path& path, int failure);

// Creates an empty file beside `path`, which no other process writes to; the caller locks it with flock. Throws Error.
std::filesystem::path TemporaryBeside(const std::filesystem::path& path);

// Writes a file atomically. Throws Error.
void WriteWhole(const std::filesystem::path& path, const char* data, size_t size);

// Removes the outputs that an earlier run wrote for an input. Throws Error.
void RemoveOutputs(const std::filesystem::path& folder, const std::string& name, size_t count);

// Writes FOLDER/NAME_0.bin, FOLDER/NAME_1.bin, ... Throws Error.
void WriteOutputs(const std::filesystem::path& folder, const std::string& name,
                  const std::vector<Bytes>& outputs);

}  // namespace matting

#endif  // ASCEND_INFER_TENSOR_FILES_H_
