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

  size_t InputCount() const { return inputs_.size(); }
  size_t OutputCount() const { return outputs_.size(); }

  // Describes every input and output: "input float32 (1, 3, 320, 320), ...".
  std::string Describe();

  std::vector<int64_t> InputShape(size_t number) { return inputs_[number].Shape(); }
  std::vector<int64_t> OutputShape(size_t number) { return outputs_[number].Shape(); }
  std::string InputType(size_t number) const;  // float32 or uint8; outputs are float32

  // Size of all inputs together in bytes.
  size_t InputSize();

  // Runs the network on the values of each input and waits for the result. On CPU, the network reads them where they
  // are, and leaves them unchanged. Throws Error.
  void Run(const std::vector<const void*>& inputs);

  // The same on inputs that lie one after the other, InputSize() bytes in all.
  void RunJoined(const char* inputs);

  // Copies the outputs of the last run, in the network's order, to where others were before. Throws Error.
  void CopyOutputs(std::vector<Bytes>* outputs);

  // A copy of the values of one of them. Throws Error if one is NaN or infinite.
  std::vector<float> Output(size_t number);

 private:
  const bool is_on_cpu_;
  mindspore::Model model_;
  std::vector<mindspore::MSTensor> inputs_;
  std::vector<mindspore::MSTensor> outputs_;
};

}  // namespace matting

#endif  // ASCEND_INFER_SESSION_H_
