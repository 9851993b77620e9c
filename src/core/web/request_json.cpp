#include "core/web/request_json.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "core/crypto/base64.hpp"

namespace sidetone::web {
namespace {

namespace json = boost::json;

// "track_sid" → "trackSid"
std::string camel(std::string_view snake) {
  std::string name;
  bool raise = false;
  for (const char c : snake) {
    if (c == '_') {
      raise = true;
      continue;
    }
    name += raise && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    raise = false;
  }
  return name;
}

std::string_view view(const json::value& value) {
  return value.get_string();
}

std::optional<std::int64_t> whole(const json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  if (const auto* real = value.if_double())
    if (*real >= -1e15 && *real <= 1e15 && *real == static_cast<double>(std::int64_t(*real)))
      return static_cast<std::int64_t>(*real);
  if (!value.is_string() || value.get_string().empty()) return {};
  const auto text = view(value);
  std::int64_t number = 0;
  const auto end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return {};
  return number;
}

// One object's fields, each read by name; the first complaint stays.
class Fields {
 public:
  explicit Fields(const json::object& object) : object_(&object) {}

  Fields(const json::object& object, std::string within)
      : object_(&object), within_(std::move(within)) {}

  const Complaint& complaint() const { return complaint_; }

  template <class Set>
  void text(std::string_view name, Set set) {
    const auto* value = find(name);
    if (!value) return;
    if (!value->is_string()) return complain(name, "a string");
    set(std::string(view(*value)));
  }

  template <class Set>
  void flag(std::string_view name, Set set) {
    const auto* value = find(name);
    if (!value) return;
    if (!value->is_bool()) return complain(name, "true or false");
    set(value->get_bool());
  }

  template <class Set>
  void count(std::string_view name, Set set) {
    const auto* value = find(name);
    if (!value) return;
    const auto number = whole(*value);
    if (!number || *number < 0 || *number > 0xffffffff)
      return complain(name, "a whole number from 0 to 4294967295");
    set(static_cast<std::uint32_t>(*number));
  }

  template <class Set>
  void bytes(std::string_view name, Set set) {
    const auto* value = find(name);
    if (!value) return;
    if (!value->is_string()) return complain(name, "base64");
    auto decoded = crypto::base64_decode(view(*value), crypto::Padding::optional);
    if (!decoded) decoded = crypto::base64url_decode(view(*value), crypto::Padding::optional);
    if (!decoded) return complain(name, "base64");
    set(std::string(base::as_text(*decoded)));
  }

  // `parse` is the enum's own, `valid` says which numbers it knows.
  template <class Enum, class Set>
  void name(std::string_view field,
            bool (*parse)(const std::string&, Enum*),
            bool (*valid)(int),
            Set set) {
    const auto* value = find(field);
    if (value) enumerator(field, *value, parse, valid, set);
  }

  template <class Set>
  void texts(std::string_view name, Set add) {
    each(name, [&](const json::value& value) {
      if (!value.is_string()) return complain(name, "a list of strings");
      add(std::string(view(value)));
    });
  }

  template <class Enum, class Set>
  void names(std::string_view field,
             bool (*parse)(const std::string&, Enum*),
             bool (*valid)(int),
             Set add) {
    each(field, [&](const json::value& value) { enumerator(field, value, parse, valid, add); });
  }

  // Each object of a list.
  template <class Read>
  void objects(std::string_view name, Read read) {
    each(name, [&](const json::value& value) {
      if (!value.is_object()) return complain(name, "a list of objects");
      nested(name, value.get_object(), read);
    });
  }

  template <class Read>
  void object(std::string_view name, Read read) {
    const auto* value = find(name);
    if (!value) return;
    if (!value->is_object()) return complain(name, "an object");
    nested(name, value->get_object(), read);
  }

  template <class Set>
  void map(std::string_view name, Set set) {
    const auto* value = find(name);
    if (!value) return;
    if (!value->is_object()) return complain(name, "an object of strings");
    for (const auto& [key, content] : value->get_object()) {
      if (!content.is_string()) return complain(name, "an object of strings");
      set(std::string(key), std::string(view(content)));
    }
  }

 private:
  const json::value* find(std::string_view name) const {
    const auto* value = object_->if_contains(name);
    if (!value) value = object_->if_contains(camel(name));
    return value && !value->is_null() ? value : nullptr;
  }

  void complain(std::string_view name, std::string_view allowed) {
    if (!complaint_) complaint_ = within_ + std::string(name) + " must be " + std::string(allowed);
  }

  template <class Read>
  void nested(std::string_view name, const json::object& object, Read read) {
    Fields inner(object, within_ + std::string(name) + ".");
    read(inner);
    if (!complaint_) complaint_ = inner.complaint();
  }

  template <class Visit>
  void each(std::string_view name, Visit visit) {
    const auto* value = find(name);
    if (!value) return;
    if (!value->is_array()) return complain(name, "a list");
    for (const auto& one : value->get_array()) visit(one);
  }

  template <class Enum, class Set>
  void enumerator(std::string_view field,
                  const json::value& value,
                  bool (*parse)(const std::string&, Enum*),
                  bool (*valid)(int),
                  Set set) {
    Enum parsed{};
    if (value.is_string() && parse(std::string(view(value)), &parsed)) return set(parsed);
    const auto number = value.is_string() ? std::nullopt : whole(value);
    if (!number || *number < 0 || *number > 1000 || !valid(static_cast<int>(*number)))
      return complain(field, "one of its enum's names or numbers");
    set(static_cast<Enum>(*number));
  }

  const json::object* object_;
  std::string within_;  // "permission."
  Complaint complaint_;
};

template <class Read>
Complaint read_object(std::string_view text, Read read) {
  boost::system::error_code error;
  const auto value = json::parse(text, error);
  if (error || !value.is_object()) return "the body is not one JSON object";
  Fields fields(value.get_object());
  read(fields);
  return fields.complaint();
}

void read_permission(Fields& fields, livekit::ParticipantPermission& into) {
  fields.flag("can_subscribe", [&](bool on) { into.set_can_subscribe(on); });
  fields.flag("can_publish", [&](bool on) { into.set_can_publish(on); });
  fields.flag("can_publish_data", [&](bool on) { into.set_can_publish_data(on); });
  fields.flag("hidden", [&](bool on) { into.set_hidden(on); });
  fields.flag("recorder", [&](bool on) { into.set_recorder(on); });
  fields.flag("can_update_metadata", [&](bool on) { into.set_can_update_metadata(on); });
  fields.flag("agent", [&](bool on) { into.set_agent(on); });
  fields.flag("can_subscribe_metrics", [&](bool on) { into.set_can_subscribe_metrics(on); });
  fields.names<livekit::TrackSource>(
      "can_publish_sources",
      [](const std::string& name, livekit::TrackSource* source) {
        return livekit::TrackSource_Parse(name, source);
      },
      livekit::TrackSource_IsValid,
      [&](livekit::TrackSource source) { into.add_can_publish_sources(source); });
}

}  // namespace

Complaint read_json(std::string_view text, livekit::CreateRoomRequest& into) {
  return read_object(text, [&](Fields& fields) {
    fields.text("name", [&](std::string name) { into.set_name(std::move(name)); });
    fields.text("metadata", [&](std::string value) { into.set_metadata(std::move(value)); });
    fields.count("empty_timeout", [&](auto seconds) { into.set_empty_timeout(seconds); });
    fields.count("departure_timeout", [&](auto seconds) { into.set_departure_timeout(seconds); });
    fields.count("max_participants", [&](auto most) { into.set_max_participants(most); });
  });
}

Complaint read_json(std::string_view text, livekit::ListRoomsRequest& into) {
  return read_object(text, [&](Fields& fields) {
    fields.texts("names", [&](std::string name) { into.add_names(std::move(name)); });
  });
}

Complaint read_json(std::string_view text, livekit::DeleteRoomRequest& into) {
  return read_object(text, [&](Fields& fields) {
    fields.text("room", [&](std::string room) { into.set_room(std::move(room)); });
  });
}

Complaint read_json(std::string_view text, livekit::ListParticipantsRequest& into) {
  return read_object(text, [&](Fields& fields) {
    fields.text("room", [&](std::string room) { into.set_room(std::move(room)); });
  });
}

Complaint read_json(std::string_view text, livekit::RoomParticipantIdentity& into) {
  return read_object(text, [&](Fields& fields) {
    fields.text("room", [&](std::string room) { into.set_room(std::move(room)); });
    fields.text("identity", [&](std::string who) { into.set_identity(std::move(who)); });
  });
}

Complaint read_json(std::string_view text, livekit::MuteRoomTrackRequest& into) {
  return read_object(text, [&](Fields& fields) {
    fields.text("room", [&](std::string room) { into.set_room(std::move(room)); });
    fields.text("identity", [&](std::string who) { into.set_identity(std::move(who)); });
    fields.text("track_sid", [&](std::string sid) { into.set_track_sid(std::move(sid)); });
    fields.flag("muted", [&](bool muted) { into.set_muted(muted); });
  });
}

Complaint read_json(std::string_view text, livekit::UpdateParticipantRequest& into) {
  return read_object(text, [&](Fields& fields) {
    fields.text("room", [&](std::string room) { into.set_room(std::move(room)); });
    fields.text("identity", [&](std::string who) { into.set_identity(std::move(who)); });
    fields.text("name", [&](std::string name) { into.set_name(std::move(name)); });
    fields.text("metadata", [&](std::string value) { into.set_metadata(std::move(value)); });
    fields.map("attributes", [&](const std::string& key, std::string value) {
      (*into.mutable_attributes())[key] = std::move(value);
    });
    fields.object("permission",
                  [&](Fields& inner) { read_permission(inner, *into.mutable_permission()); });
  });
}

Complaint read_json(std::string_view text, livekit::UpdateSubscriptionsRequest& into) {
  return read_object(text, [&](Fields& fields) {
    fields.text("room", [&](std::string room) { into.set_room(std::move(room)); });
    fields.text("identity", [&](std::string who) { into.set_identity(std::move(who)); });
    fields.texts("track_sids", [&](std::string sid) { into.add_track_sids(std::move(sid)); });
    fields.flag("subscribe", [&](bool on) { into.set_subscribe(on); });
    fields.objects("participant_tracks", [&](Fields& inner) {
      auto& tracks = *into.add_participant_tracks();
      inner.text("participant_sid",
                 [&](std::string sid) { tracks.set_participant_sid(std::move(sid)); });
      inner.texts("track_sids", [&](std::string sid) { tracks.add_track_sids(std::move(sid)); });
    });
  });
}

Complaint read_json(std::string_view text, livekit::SendDataRequest& into) {
  return read_object(text, [&](Fields& fields) {
    fields.text("room", [&](std::string room) { into.set_room(std::move(room)); });
    fields.bytes("data", [&](std::string data) { into.set_data(std::move(data)); });
    fields.name<livekit::DataPacket::Kind>(
        "kind",
        [](const std::string& name, livekit::DataPacket::Kind* kind) {
          return livekit::DataPacket::Kind_Parse(name, kind);
        },
        livekit::DataPacket::Kind_IsValid,
        [&](livekit::DataPacket::Kind kind) { into.set_kind(kind); });
    fields.texts("destination_sids",
                 [&](std::string sid) { into.add_destination_sids(std::move(sid)); });
    fields.texts("destination_identities",
                 [&](std::string who) { into.add_destination_identities(std::move(who)); });
    fields.text("topic", [&](std::string topic) { into.set_topic(std::move(topic)); });
    fields.bytes("nonce", [&](std::string nonce) { into.set_nonce(std::move(nonce)); });
  });
}

Complaint read_json(std::string_view text, livekit::UpdateRoomMetadataRequest& into) {
  return read_object(text, [&](Fields& fields) {
    fields.text("room", [&](std::string room) { into.set_room(std::move(room)); });
    fields.text("metadata", [&](std::string value) { into.set_metadata(std::move(value)); });
  });
}

}  // namespace sidetone::web
