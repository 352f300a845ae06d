// Plain structs to bytes and back, for the sockets between reloadrun's processes. All run the same
// binary on the same machine, so there is one byte order and one version; what is read is
// checked all the same, since a message may be cut.
//
// A struct takes part by a function that names its members once, for both directions:
//     template <class Archive> void members(Archive& a, Line& line) { a(line.level, line.text); }
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace reloadrun::app::wire {

/// What was read is no message of ours, or not a whole one.
struct Torn : std::runtime_error {
  Torn() : std::runtime_error("a message between reloadrun's processes is torn") {}
};

class Writer {
 public:
  template <class... Values>
  void operator()(Values&... values) {
    (write(values), ...);
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  template <class Number>
  requires std::is_arithmetic_v<Number> || std::is_enum_v<Number>
  void write(const Number& number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  void write(const std::string& text) {
    write(text.size());
    bytes_.append(text);
  }
  template <class Rep, class Period>
  void write(const std::chrono::duration<Rep, Period>& duration) {
    write(duration.count());
  }
  template <class Clock, class Duration>
  void write(const std::chrono::time_point<Clock, Duration>& point) {
    write(point.time_since_epoch());
  }
  template <class Value>
  void write(std::vector<Value>& values) {
    write(values.size());
    for (Value& value : values) write(value);
  }
  template <class Value>
  void write(std::map<std::string, Value>& values) {
    write(values.size());
    for (auto& [name, value] : values) {
      write(name);
      write(value);
    }
  }
  template <class Value>
  void write(std::optional<Value>& value) {
    write(value.has_value());
    if (value) write(*value);
  }
  template <class Struct>
  requires requires(Writer& writer, Struct& value) { members(writer, value); }
  void write(Struct& value) { members(*this, value); }

  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  template <class... Values>
  void operator()(Values&... values) {
    (read(values), ...);
  }
  /// To be called last: throws Torn when something is left over.
  void expect_end() const {
    if (!left_.empty()) throw Torn();
  }

 private:
  std::string_view next(std::size_t size) {
    if (size > left_.size()) throw Torn();
    const std::string_view piece = left_.substr(0, size);
    left_.remove_prefix(size);
    return piece;
  }
  template <class Number>
  requires std::is_arithmetic_v<Number> || std::is_enum_v<Number>
  void read(Number& number) { std::memcpy(&number, next(sizeof number).data(), sizeof number); }
  void read(bool& truth) {
    std::uint8_t byte = 0;
    read(byte);
    truth = byte != 0;
  }
  std::size_t read_size() {
    std::size_t size = 0;
    read(size);
    if (size > left_.size()) throw Torn();  // no element is smaller than a byte
    return size;
  }
  void read(std::string& text) { text = next(read_size()); }
  template <class Rep, class Period>
  void read(std::chrono::duration<Rep, Period>& duration) {
    Rep count{};
    read(count);
    duration = std::chrono::duration<Rep, Period>(count);
  }
  template <class Clock, class Duration>
  void read(std::chrono::time_point<Clock, Duration>& point) {
    Duration since_epoch{};
    read(since_epoch);
    point = std::chrono::time_point<Clock, Duration>(since_epoch);
  }
  template <class Value>
  void read(std::vector<Value>& values) {
    values.clear();
    for (std::size_t left = read_size(); left > 0; --left) read(values.emplace_back());
  }
  template <class Value>
  void read(std::map<std::string, Value>& values) {
    values.clear();
    for (std::size_t left = read_size(); left > 0; --left) {
      std::string name;
      read(name);
      read(values[name]);
    }
  }
  template <class Value>
  void read(std::optional<Value>& value) {
    bool there = false;
    read(there);
    value = there ? std::optional<Value>(std::in_place) : std::nullopt;
    if (value) read(*value);
  }
  template <class Struct>
  requires requires(Reader& reader, Struct& value) { members(reader, value); }
  void read(Struct& value) { members(*this, value); }

  std::string_view left_;
};

template <class Struct>
std::string encode(const Struct& value) {
  Writer writer;
  writer(const_cast<Struct&>(value));  // it is only read; members() serves both directions
  return writer.take();
}

/// Throws Torn.
template <class Struct>
Struct decode(std::string_view bytes) {
  Struct value{};
  Reader reader(bytes);
  reader(value);
  reader.expect_end();
  return value;
}

/// One of several structs, told apart by its place in the variant.
template <class... Structs>
std::string encode_one_of(const std::variant<Structs...>& value) {
  auto kind = static_cast<char>(value.index());
  return kind + std::visit([](const auto& what) { return encode(what); }, value);
}

template <class Variant, std::size_t index = 0>
Variant decode_one_of(std::string_view bytes) {
  if constexpr (index == std::variant_size_v<Variant>) {
    throw Torn();
  } else {
    if (bytes.empty()) throw Torn();
    if (bytes.front() != static_cast<char>(index)) return decode_one_of<Variant, index + 1>(bytes);
    return decode<std::variant_alternative_t<index, Variant>>(bytes.substr(1));
  }
}

}  // namespace reloadrun::app::wire
