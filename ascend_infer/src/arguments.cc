#include "arguments.h"

#include <charconv>
#include <set>

namespace matting {

const char kHelp[] =
    R"(usage: shm_infer --model FILE --input FOLDER --output FOLDER [options]

Runs an exported network (MINDIR) on every .bin file of a folder, as preprocess.py writes them, and writes
NAME_0.bin (trimap logits) and NAME_1.bin (alpha), float32.

  --model FILE          the exported network
  --input FOLDER        inputs, each the size of the network's input
  --output FOLDER       gets the results; made where it is missing
  --device TYPE         CPU, Ascend or GPU (default: CPU)
  --device_id N         which Ascend or GPU (default: 0)
  --precision MODE      Ascend: enforce_fp32, preferred_fp32, enforce_fp16, enforce_origin or
                        preferred_optimal; GPU: origin or fp16 (default: the runtime's own; on Ascend
                        enforce_fp16)
  --threads N           threads on CPU (default: one for every core)
  --warmup N            runs before the measured ones (default: 1)
  --time_result FOLDER  gets test_perform_static.txt with the times
  --help

GLOG_v=1 in the environment shows what MindSpore Lite itself has to say.
Exit status: 0; 1 an error; 2 a wrong command line; 3 done, but inputs were skipped; 4 the network cannot be
loaded on the device.
)";

namespace {

const std::set<std::string> kDevices = {"CPU", "Ascend", "GPU"};
const std::set<std::string> kAscendPrecisions = {"enforce_fp32", "preferred_fp32", "enforce_fp16",
                                                 "enforce_origin", "preferred_optimal"};
const std::set<std::string> kGpuPrecisions = {"origin", "fp16"};

int ParseNumber(const std::string& name, const std::string& text, int lowest) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || last != end || number < lowest) {
    throw UsageError(name + " " + text + ": must be a number of at least " + std::to_string(lowest));
  }
  return number;
}

void Check(const Arguments& arguments) {
  if (arguments.model.empty() || arguments.input.empty() || arguments.output.empty()) {
    throw UsageError("--model, --input and --output are needed; see --help");
  }
  if (kDevices.count(arguments.device) == 0) {
    throw UsageError("--device " + arguments.device + ": must be CPU, Ascend or GPU");
  }
  if (arguments.precision.empty()) {
    return;
  }
  const bool known = (arguments.device == "Ascend" && kAscendPrecisions.count(arguments.precision) > 0) ||
                     (arguments.device == "GPU" && kGpuPrecisions.count(arguments.precision) > 0);
  if (!known) {
    throw UsageError("--precision " + arguments.precision + ": not a mode of " + arguments.device +
                     "; see --help");
  }
}

}  // namespace

Arguments ParseArguments(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--help" || name == "-h") {
      arguments.help = true;
      return arguments;
    }
    if (i + 1 == argc) {
      throw UsageError(name + ": unknown, or its value is missing; see --help");
    }
    const std::string value = argv[++i];
    if (name == "--model") {
      arguments.model = value;
    } else if (name == "--input") {
      arguments.input = value;
    } else if (name == "--output") {
      arguments.output = value;
    } else if (name == "--time_result") {
      arguments.time_result = value;
    } else if (name == "--device") {
      arguments.device = value;
    } else if (name == "--precision") {
      arguments.precision = value;
    } else if (name == "--device_id") {
      arguments.device_id = ParseNumber(name, value, 0);
    } else if (name == "--threads") {
      arguments.threads = ParseNumber(name, value, 1);
    } else if (name == "--warmup") {
      arguments.warmup = ParseNumber(name, value, 0);
    } else {
      throw UsageError(name + ": unknown option; see --help");
    }
  }
  Check(arguments);
  return arguments;
}

}  // namespace matting
