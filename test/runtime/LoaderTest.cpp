// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opening files: ways in, header, checksums, truncation, what a model says of
// itself.

#include "test/runtime/ToyModel.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace yoco;
using namespace yoco::test;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

struct OpenResult {
  yoco_status status;
  std::string error;
};

OpenResult openBytes(const FileBytes &file, yoco_verify verify = YOCO_VERIFY_FULL) {
  yoco_model_options options = {};
  options.struct_size = sizeof(options);
  options.threads = 1;
  options.verify = verify;
  Opened model(file, options);
  EXPECT_EQ(model.status == YOCO_OK, model.model != nullptr);
  return {model.status, model.error};
}

OpenResult openPath(const std::string &path) {
  yoco_model *model = nullptr;
  char error[512] = "";
  yoco_status status = yoco_model_open_file(path.c_str(), nullptr, &model, error, sizeof(error));
  yoco_model_destroy(model);
  return {status, error};
}

template <typename Value>
void store(FileBytes &file, size_t offset, Value value) {
  memcpy(file.data() + offset, &value, sizeof(value));
}

TEST(LoaderTest, opensPathMemoryAndReader) {
  FileBytes file = ToyModel().build();
  std::string path = testing::TempDir() + "yoco-loader-test.yoco";
  writeFile(path, file);
  EXPECT_EQ(openPath(path).status, YOCO_OK);
  EXPECT_EQ(openBytes(file).status, YOCO_OK);
  unlink(path.c_str());
}

TEST(LoaderTest, pathErrorsNameThePath) {
  std::string directory = testing::TempDir();
  EXPECT_THAT(openPath("/nowhere/model.yoco").error, StartsWith("/nowhere/model.yoco: cannot open the file: No such"));
  EXPECT_THAT(openPath(directory).error, HasSubstr("expected a regular file, got a directory"));
  EXPECT_THAT(openPath("/dev/null").error, HasSubstr("expected a regular file, got something else"));
  std::string pipe = directory + "yoco-loader-test.pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(openPath(pipe).error, HasSubstr("expected a regular file")) << "without waiting for a writer";
  unlink(pipe.c_str());
}

TEST(LoaderTest, readerFailureIsAnError) {
  yoco_model *model = nullptr;
  char error[512];
  auto fail = [](void *, uint64_t, void *, size_t) { return 1; };
  EXPECT_EQ(yoco_model_open_reader(fail, nullptr, 4096, nullptr, &model, error, sizeof(error)), YOCO_IO_ERROR);
  EXPECT_THAT(error, HasSubstr("failed at offset 0 (4096 bytes)"));
}

TEST(LoaderTest, refusesMisalignedMemory) {
  FileBytes file(4096);
  yoco_model *model = nullptr;
  char error[512];
  EXPECT_EQ(yoco_model_open_memory(file.data() + 8, 4000, nullptr, &model, error, sizeof(error)),
            YOCO_INVALID_ARGUMENT);
  EXPECT_THAT(error, HasSubstr("multiple of 64"));
}

// Structs of other versions: a shorter one leaves the rest at its default, a
// longer one must have zeros there.
TEST(LoaderTest, optionStructsOfOtherSizes) {
  FileBytes file = ToyModel().build();
  struct {
    yoco_model_options known;
    uint64_t unknown;
  } newer = {};
  yoco_model *model = nullptr;
  char error[512];
  auto open = [&](size_t size, uint64_t unknown) {
    newer.known.struct_size = size;
    newer.unknown = unknown;
    yoco_status status = yoco_model_open_memory(file.data(), file.size(), &newer.known, &model, error, sizeof(error));
    yoco_model_destroy(model);
    return status;
  };
  EXPECT_EQ(open(sizeof(size_t), 0), YOCO_OK);
  EXPECT_EQ(open(sizeof(newer), 0), YOCO_OK);
  EXPECT_EQ(open(sizeof(newer), 1), YOCO_UNSUPPORTED);
  EXPECT_EQ(open(0, 0), YOCO_INVALID_ARGUMENT);
  EXPECT_THAT(error, HasSubstr("options.struct_size"));
}

// Each field of the header, wrong in each way.
TEST(LoaderTest, badHeaders) {
  struct Case {
    size_t offset;
    uint64_t value;
    size_t size;
    yoco_status status;
    const char *text;
  };
  const Case cases[] = {
      {0, 'X', 1, YOCO_INVALID_FILE, "not a YOCO model file"},
      {8, 1, 4, YOCO_UNSUPPORTED,
       "header.version: this runtime reads format version 2, the file has 1: compile the model again"},
      {8, 3, 4, YOCO_UNSUPPORTED,
       "header.version: this runtime reads format version 2, the file has 3: it needs a newer runtime"},
      {12, 64, 4, YOCO_INVALID_FILE, "header.header_size: expected 128, got 64"},
      {16, 1, 8, YOCO_INVALID_FILE, "header.file_size: the file was written with 1 bytes"},
      {24, 8, 8, YOCO_UNSUPPORTED, "header.required_features: the file needs feature bit 3"},
      {32, 0, 8, YOCO_INVALID_FILE, "header.plan_offset"},
      {32, 129, 8, YOCO_INVALID_FILE, "header.plan_offset"},
      {32, UINT64_MAX - 63, 8, YOCO_INVALID_FILE, "header.plan_size"},
      {40, 0, 8, YOCO_INVALID_FILE, "header.plan_size"},
      {40, UINT64_MAX, 8, YOCO_INVALID_FILE, "header.plan_size"},
      {48, 1, 8, YOCO_INVALID_FILE, "header.checksum_offset"},
      {48, UINT64_MAX - 63, 8, YOCO_INVALID_FILE, "header.checksum_offset"},
      {48, 128, 8, YOCO_INVALID_FILE, "header.checksum_size"},
      {56, 8, 8, YOCO_INVALID_FILE, "header.checksum_size: expected a table of 16 bytes"},
      {127, 1, 1, YOCO_INVALID_FILE, "header.reserved[63]"},
  };
  const FileBytes good = ToyModel().build();
  for (const Case &bad : cases) {
    FileBytes file = good;
    memcpy(file.data() + bad.offset, &bad.value, bad.size);
    OpenResult result = openBytes(file);
    EXPECT_EQ(result.status, bad.status) << bad.text;
    EXPECT_THAT(result.error, HasSubstr(bad.text)) << bad.offset;
  }
}

TEST(LoaderTest, truncatedAtEveryLength) {
  const FileBytes good = ToyModel().build();
  for (size_t size = 0; size < good.size(); size += size < 512 || size + 512 > good.size() ? 1 : 61) {
    FileBytes file(size);
    if (size != 0)
      memcpy(file.data(), good.data(), size);
    EXPECT_EQ(openBytes(file).status, YOCO_INVALID_FILE) << size;
    if (size >= kFileHeaderSize) { // also with a header that says so
      store(file, 16, uint64_t(size));
      EXPECT_EQ(openBytes(file).status, YOCO_INVALID_FILE) << size;
    }
  }
}

// A change of any bit of the file is noticed; padding included.
TEST(LoaderTest, everyFlippedByteIsNoticed) {
  const FileBytes good = ToyModel().build();
  FileBytes file = good;
  for (size_t offset = 0; offset < file.size(); ++offset) {
    file[offset] ^= uint8_t(1u << offset % 8);
    EXPECT_NE(openBytes(file).status, YOCO_OK) << offset;
    file[offset] = good.data()[offset];
  }
}

// With --verify=plan, damage of a weight in a block of its own passes, that of
// plan and table does not.
TEST(LoaderTest, verifyPlanSkipsWeights) {
  ToyModel toy;
  toy.blobs[2] = std::string(3 << 20, 'w'); // the tokenizer stands in for a large weight
  const FileBytes good = toy.build();
  FileHeader header;
  memcpy(&header, good.data(), sizeof(header));
  EXPECT_EQ(header.checksumSize, 8u * 5);
  for (size_t offset : {size_t(2) << 20, size_t(header.planOffset), size_t(header.checksumOffset + 8), size_t(100)}) {
    FileBytes file = good;
    file[offset] ^= 1;
    EXPECT_NE(openBytes(file, YOCO_VERIFY_FULL).status, YOCO_OK) << offset;
    EXPECT_EQ(openBytes(file, YOCO_VERIFY_PLAN).status == YOCO_OK, offset == size_t(2) << 20) << offset;
  }
  FileBytes file = good;
  file[(2 << 20) + 5] ^= 1;
  EXPECT_THAT(openBytes(file).error, HasSubstr("checksum of block 2 (bytes 2097152 to 3145727) does not match"));
}

TEST(LoaderTest, paddingMustBeZero) {
  FileBytes file = ToyModel().build();
  file[128 + 44] = 1; // after the first segment, the bias
  writeChecksums(file);
  EXPECT_THAT(openBytes(file).error, HasSubstr("padding byte 172 after variants[0].parameters[0].segment: "
                                               "expected 0, got 1"));
}

TEST(LoaderTest, tellsAboutTheModel) {
  FileBytes file = ToyModel().build();
  Opened model(file);
  yoco_model_info info = {};
  info.struct_size = sizeof(info);
  ASSERT_EQ(yoco_model_get_info(model.model, &info), YOCO_OK);
  EXPECT_EQ(info.vocabulary_size, kToyVocabulary);
  EXPECT_EQ(info.variant_count, 1u);
  EXPECT_EQ(info.bounds.max_sequence_length, 40u);
  ASSERT_EQ(info.stop_id_count, 1u);
  EXPECT_EQ(info.stop_ids[0], 3);
  EXPECT_EQ(std::string(static_cast<const char *>(info.tokenizer), info.tokenizer_size), "not really a tokenizer");
  EXPECT_STREQ(info.producer, "toy");
  EXPECT_EQ(info.file_bytes, file.size());

  yoco_variant_info variant = {};
  variant.struct_size = sizeof(variant);
  yoco_bounds bounds = {10, 1, 3, 2};
  ASSERT_EQ(yoco_model_get_variant(model.model, 0, &bounds, &variant, nullptr, 0), YOCO_OK);
  EXPECT_STREQ(variant.target, "host:toy");
  EXPECT_EQ(variant.kv_bytes_per_token, 4u);
  EXPECT_EQ(variant.persistent_bytes, 192u);
  char error[100];
  EXPECT_EQ(yoco_model_get_variant(model.model, 1, nullptr, &variant, error, sizeof(error)), YOCO_INVALID_ARGUMENT);
  EXPECT_STREQ(error, "index: expected less than 1, got 1");
}

TEST(LoaderTest, describes) {
  FileBytes file = ToyModel().build();
  Opened model(file);
  std::string text;
  yoco_model_describe(
      model.model,
      [](void *user, const char *piece, size_t size) { static_cast<std::string *>(user)->append(piece, size); }, &text);
  for (const char *part :
       {"target host:toy (device host, computes in f32)", "entry decode: one per segment rows, at most 3",
         "    layers.0: 1\n", "toy_mix: launched 3 times", "arena persistent: 896 bytes",
         "records: buffer 0, 128 bytes per slot", "ring of 4 ring: 16 bytes at 64 of a record",
         "growing cache cache: 4 bytes per position in buffer 2", "spread: 11 x 1 bf16, panels of 4",
        "stop ids: 3"})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(LoaderTest, errorTextIsCutToTheBuffer) {
  yoco_model *model = nullptr;
  char error[8];
  EXPECT_EQ(yoco_model_open_file("/nowhere", nullptr, &model, error, sizeof(error)), YOCO_IO_ERROR);
  EXPECT_STREQ(error, "/nowher");
  EXPECT_EQ(yoco_model_open_file("/nowhere", nullptr, &model, nullptr, 0), YOCO_IO_ERROR);
  EXPECT_STREQ(yoco_status_name(YOCO_IO_ERROR), "io error");
}

} // namespace
