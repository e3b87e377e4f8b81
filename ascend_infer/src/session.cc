#include "session.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>
#include <sstream>

#include "include/api/context.h"
#include "include/api/status.h"
#include "include/api/types.h"

namespace matting {

namespace {

std::shared_ptr<mindspore::DeviceInfoContext> DeviceInfo(const Device& device) {
  if (device.type == "Ascend") {
    // As in MindSpore Lite's documentation, "Using C++ Interface to Perform Cloud-side Inference".
    auto info = std::make_shared<mindspore::AscendDeviceInfo>();
    info->SetDeviceID(static_cast<uint32_t>(device.id));
    if (!device.precision.empty()) {
      info->SetPrecisionMode(device.precision);
    }
    return info;
  }
  if (device.type == "GPU") {
    auto info = std::make_shared<mindspore::GPUDeviceInfo>();
    info->SetDeviceID(static_cast<uint32_t>(device.id));
    info->SetEnableFP16(device.precision == "fp16");
    return info;
  }
  return std::make_shared<mindspore::CPUDeviceInfo>();
}

mindspore::Status Build(mindspore::Model* target, const std::filesystem::path& model,
                        const std::shared_ptr<mindspore::Context>& context) {
  try {
    return target->Build(model.string(), mindspore::ModelType::kMindIR, context);
  } catch (const std::exception& error) {  // thrown by the runtime on damaged files
    return mindspore::Status(mindspore::kLiteGraphFileError, error.what());
  }
}

std::string Remedy(const Device& device) {
  if (device.type == "CPU") {
    return "it is damaged, not a MINDIR file, or too new for this MindSpore Lite";
  }
  return "check that " + device.type + " " + std::to_string(device.id) +
         " is present and free, that this MindSpore Lite supports it, and that the file is a complete MINDIR";
}

std::string TypeName(mindspore::DataType type) {
  switch (type) {
    case mindspore::DataType::kNumberTypeFloat32:
      return "float32";
    case mindspore::DataType::kNumberTypeFloat16:
      return "float16";
    case mindspore::DataType::kNumberTypeUInt8:
      return "uint8";
    default:
      return "type " + std::to_string(static_cast<int>(type));
  }
}

char* DataOf(mindspore::MSTensor* tensor) {
  void* data = tensor->MutableData();
  if (data == nullptr) {
    throw Error("MindSpore Lite could not allocate memory for " + tensor->Name());
  }
  return static_cast<char*>(data);
}

void Describe(std::ostringstream* text, const char* role, const std::vector<mindspore::MSTensor>& tensors) {
  for (const auto& tensor : tensors) {
    *text << (text->tellp() > 0 ? ", " : "") << role << " " << TypeName(tensor.DataType()) << " (";
    const auto& shape = tensor.Shape();
    for (size_t i = 0; i < shape.size(); ++i) {
      *text << (i > 0 ? ", " : "") << shape[i];
    }
    *text << ")";
  }
}

}  // namespace

Session::Session(const std::filesystem::path& model, const Device& device) : is_on_cpu_(device.type == "CPU") {
  auto context = std::make_shared<mindspore::Context>();
  context->SetThreadNum(device.threads);
  context->MutableDeviceInfo().push_back(DeviceInfo(device));
  const mindspore::Status status = Build(&model_, model, context);
  if (status.IsError()) {
    throw LoadError(model.string() + ": cannot be loaded on " + device.type + " (" + status.ToString() + "); " +
                    Remedy(device));
  }
  inputs_ = model_.GetInputs();
  outputs_ = model_.GetOutputs();
  if (inputs_.empty() || outputs_.empty()) {
    throw LoadError(model.string() + ": has " + std::to_string(inputs_.size()) + " inputs and " +
                    std::to_string(outputs_.size()) + " outputs; the network needs at least 1 of each");
  }
  const auto is_float = [](const auto& tensor) { return TypeName(tensor.DataType()) == "float32"; };
  const auto is_usable = [&](const auto& tensor) { return is_float(tensor) || TypeName(tensor.DataType()) == "uint8"; };
  if (!std::all_of(inputs_.begin(), inputs_.end(), is_usable) ||
      !std::all_of(outputs_.begin(), outputs_.end(), is_float)) {
    throw LoadError(model.string() + ": inputs must be float32 or uint8, and outputs float32, but they are " +
                    Describe());
  }
}

std::string Session::InputType(size_t number) const { return TypeName(inputs_[number].DataType()); }

size_t Session::InputSize() {
  return std::accumulate(inputs_.begin(), inputs_.end(), size_t{0},
                         [](size_t sum, const auto& tensor) { return sum + tensor.DataSize(); });
}

std::string Session::Describe() {
  std::ostringstream text;
  matting::Describe(&text, "input", inputs_);
  matting::Describe(&text, "output", outputs_);
  return text.str();
}

void Session::Run(const std::vector<const void*>& inputs) {
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (is_on_cpu_) {
      inputs_[i].SetData(const_cast<void*>(inputs[i]), false);
    } else {
      std::memcpy(DataOf(&inputs_[i]), inputs[i], inputs_[i].DataSize());
    }
  }
  const mindspore::Status status = model_.Predict(inputs_, &outputs_);
  if (status.IsError()) {
    throw Error("inference failed: " + status.ToString());
  }
}

void Session::RunJoined(const char* inputs) {
  std::vector<const void*> apart;
  for (const auto& tensor : inputs_) {
    apart.push_back(inputs);
    inputs += tensor.DataSize();
  }
  Run(apart);
}

void Session::CopyOutputs(std::vector<Bytes>* outputs) {
  outputs->resize(outputs_.size());
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const char* data = DataOf(&outputs_[i]);
    (*outputs)[i].assign(data, data + outputs_[i].DataSize());
  }
}

std::vector<float> Session::Output(size_t number) {
  mindspore::MSTensor& tensor = outputs_[number];
  std::vector<float> values(tensor.DataSize() / sizeof(float));
  std::memcpy(values.data(), DataOf(&tensor), values.size() * sizeof(float));
  if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
    throw Error("the network's outputs are NaN or infinite; look at the model's weights");
  }
  return values;
}

}  // namespace matting
