// The exported network on a device, through MindSpore Lite.
#ifndef ASCEND_INFER_SESSION_H_
#define ASCEND_INFER_SESSION_H_

#include <string>
#include <vector>

#include "include/api/model.h"
#include "tensor_files.h"

namespace matting {

struct Device {
  std::string type;  // CPU, Ascend or GPU
  int id = 0;
  std::string precision;  // empty: the runtime's default
  int threads = 1;        // on CPU
};

// The network cannot be loaded on the device.
class LoadError : public Error {
  using Error::Error;
};

class Session {
 public:
  // Loads the network. Throws LoadError if the file cannot be used or the device is not available.
  Session(const std::filesystem::path& model, const Device& device);

  // Size of the input in bytes.
  size_t InputSize();

  size_t OutputCount() const { return outputs_.size(); }

  // Describes every input and output: "input float32 (1, 3, 320, 320), ...".
  std::string Describe();

  // Shapes of the input, or of an output.
  std::vector<int64_t> InputShape() { return inputs_.front().Shape(); }
  std::vector<int64_t> OutputShape(size_t number) { return outputs_[number].Shape(); }

  // Runs the network on `input`, which has InputSize() bytes, and waits for the result. Throws Error.
  void Run(const void* input);

  // Copies of the outputs of the last run, in the network's order. Throws Error.
  std::vector<Bytes> Outputs();

  // A copy of the values of one of them. Throws Error.
  std::vector<float> Output(size_t number);

 private:
  mindspore::Model model_;
  std::vector<mindspore::MSTensor> inputs_;
  std::vector<mindspore::MSTensor> outputs_;
};

}  // namespace matting

#endif  // ASCEND_INFER_SESSION_H_
