#include "arguments.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace matting {
namespace fs = std::filesystem;

const char kHelp[] =
    R"(usage: shm_infer --model FILE --photos FOLDER --mattes FOLDER [options]
       shm_infer --model FILE --input FOLDER --output FOLDER [options]
       shm_infer --model FILE --video FILE --size WIDTHxHEIGHT [options]
       shm_infer --model FILE --pipe [options]

Runs an exported network (MINDIR): on the photos in a folder, of which it writes NAME_alpha.png, as predict.py
does; on every .bin file that preprocess.py wrote to a folder, of which it writes NAME_0.bin and NAME_1.bin, float32
(trimap logits and alpha; with plates, alpha and foreground); on a video, which it composites over a background; or on
arrays from stdin, with its outputs to stdout. A .bin file holds the network's inputs one after the other.

  --model FILE          the exported network
  --photos FOLDER       photos, JPEG or PNG, at any depth
  --plates PATH         for networks that take plates: a photo of the place without the person, or a folder of
                        such photos with the names of their photos
  --mattes FOLDER       folder for their mattes; created if missing; existing mattes are kept; with --video,
                        a file for the network's alphas, float32
  --overwrite           make existing mattes again
  --video FILE          raw frames one after the other; - for stdin; the times of all stages are reported
  --size WIDTHxHEIGHT   size of the frames, in pixels
  --format FORMAT       format of the frames, and of the composites: nv21 or rgb (default: nv21)
  --background WHAT     a photo, JPEG or PNG, or a colour, #RRGGBB (default: #00ff00)
  --input FOLDER        input files, each as large as the network's inputs
  --output FOLDER       folder for the results; created if missing; with --video, a file for the composites, or -
                        for stdout
  --pipe                read inputs from stdin; see src/pipe_command.h
  --device TYPE         CPU, Ascend or GPU (default: CPU)
  --device_id N         number of the Ascend or GPU card (default: 0)
  --precision MODE      Ascend: enforce_fp32, preferred_fp32, enforce_fp16, enforce_origin or
                        preferred_optimal; GPU: origin or fp16 (default: the runtime's default, which on
                        Ascend is enforce_fp16)
  --threads N           number of threads on CPU (default: one per core)
  --warmup N            number of runs before the timed ones (default: 1)
  --time_result FOLDER  folder for test_perform_static.txt, which reports the times
  --help                show this help

Set GLOG_v=1 in the environment to see MindSpore Lite's own log.
Exit status: 0 success; 1 error; 2 invalid command line; 3 finished, but some inputs were skipped; 4 the
network cannot be loaded on the device; 128 + N stopped by signal N (Ctrl-C: 130).
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

void ParseSize(const std::string& text, Arguments* arguments) {
  const size_t cross = text.find('x');
  if (cross == std::string::npos) {
    throw UsageError("--size " + text + ": must be WIDTHxHEIGHT, such as 640x480");
  }
  arguments->width = ParseNumber("--size", text.substr(0, cross), 1);
  arguments->height = ParseNumber("--size", text.substr(cross + 1), 1);
}

// Whether two paths lead to one file or folder, which need not exist.
bool AreSame(const fs::path& one, const fs::path& other) {
  std::error_code error;
  const fs::path place = fs::weakly_canonical(fs::absolute(one, error), error);
  return !place.empty() && place == fs::weakly_canonical(fs::absolute(other, error), error);
}

void CheckVideo(const Arguments& arguments) {
  if (arguments.model.empty() || arguments.video.empty() || arguments.height == 0) {
    throw UsageError("--model, --video and --size are needed; see --help");
  }
  if (arguments.format != "nv21" && arguments.format != "rgb") {
    throw UsageError("--format " + arguments.format + ": must be nv21 or rgb");
  }
  if (arguments.format == "nv21" && (arguments.height % 2 != 0 || arguments.width % 2 != 0)) {
    throw UsageError("--size: both sides of nv21 frames must be even");
  }
  if (arguments.output == "-" && arguments.mattes == "-") {
    throw UsageError("--output and --mattes: only one can go to stdout");
  }
  if (arguments.output != "-" && arguments.mattes != "-" && AreSame(arguments.output, arguments.mattes)) {
    throw UsageError("--output and --mattes: must be two files");
  }
}

void Check(const Arguments& arguments, const std::set<std::string>& given) {
  const auto has = [&](const std::vector<const char*>& names) {
    return std::any_of(names.begin(), names.end(), [&](const char* name) { return given.count(name) > 0; });
  };
  const bool has_video = has({"--video", "--size", "--format", "--background"});
  const bool has_files = has({"--input"}) || (has({"--output"}) && !has_video);
  const bool has_photos = has({"--photos", "--plates", "--overwrite"}) || (has({"--mattes"}) && !has_video);
  if (has_files + has_photos + has_video + arguments.pipe > 1) {
    throw UsageError(
        "only one of --input, --photos, --video and --pipe can be given, with what belongs to it; see --help");
  }
  if (has_video) {
    CheckVideo(arguments);
  }
  if (has_photos && (arguments.model.empty() || arguments.photos.empty() || arguments.mattes.empty())) {
    throw UsageError("--model, --photos and --mattes are needed; see --help");
  }
  if (arguments.pipe && arguments.model.empty()) {
    throw UsageError("--model is needed; see --help");
  }
  if (arguments.pipe && has({"--time_result"})) {
    throw UsageError("--time_result: --pipe reports no times");
  }
  if (!has_photos && !has_video && !arguments.pipe &&
      (arguments.model.empty() || arguments.input.empty() || arguments.output.empty())) {
    throw UsageError("--model, --input and --output are needed; see --help");
  }
  if (AreSame(arguments.input, arguments.output)) {
    throw UsageError("--output: is the folder of the inputs; choose another");
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
  std::set<std::string> given;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--help" || name == "-h") {
      arguments.help = true;
      return arguments;
    }
    given.insert(name);
    if (name == "--overwrite" || name == "--pipe") {
      (name == "--pipe" ? arguments.pipe : arguments.overwrite) = true;
      continue;
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
    } else if (name == "--photos") {
      arguments.photos = value;
    } else if (name == "--plates") {
      arguments.plates = value;
    } else if (name == "--mattes") {
      arguments.mattes = value;
    } else if (name == "--video") {
      arguments.video = value;
    } else if (name == "--size") {
      ParseSize(value, &arguments);
    } else if (name == "--format") {
      arguments.format = value;
    } else if (name == "--background") {
      arguments.background = value;
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
  Check(arguments, given);
  return arguments;
}

}  // namespace matting
