// libnice as a peer of ours (README.md).
//
//   nice_peer ADDRESS controlling|controlled
#include <glib.h>
#include <nice/agent.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <iostream>
#include <string>

namespace {

namespace json = boost::json;

struct Peer {
  GMainLoop* loop = nullptr;
  NiceAgent* agent = nullptr;
  guint stream = 0;
  bool gathered = false;
  std::string lines;
};

void say(const json::object& what) {
  std::cout << json::serialize(what) << std::endl;
}

json::array candidates_of(const Peer& peer) {
  json::array texts;
  GSList* list = nice_agent_get_local_candidates(peer.agent, peer.stream, 1);
  for (GSList* each = list; each != nullptr; each = each->next) {
    auto* candidate = static_cast<NiceCandidate*>(each->data);
    gchar* line = nice_agent_generate_local_candidate_sdp(peer.agent, candidate);
    texts.emplace_back(std::string(line).substr(2));  // without "a="
    g_free(line);
  }
  g_slist_free_full(list, reinterpret_cast<GDestroyNotify>(nice_candidate_free));
  return texts;
}

void set_remote(Peer& peer, const json::object& command) {
  auto text = [&](const char* key) { return json::value_to<std::string>(command.at(key)); };
  nice_agent_set_remote_credentials(peer.agent, peer.stream, text("ufrag").c_str(),
                                    text("pwd").c_str());
  GSList* list = nullptr;
  for (const auto& each : command.at("candidates").as_array()) {
    auto line = "a=" + json::value_to<std::string>(each);
    if (auto* candidate =
            nice_agent_parse_remote_candidate_sdp(peer.agent, peer.stream, line.c_str()))
      list = g_slist_append(list, candidate);
  }
  nice_agent_set_remote_candidates(peer.agent, peer.stream, 1, list);
  g_slist_free_full(list, reinterpret_cast<GDestroyNotify>(nice_candidate_free));
}

void obey(Peer& peer, const json::object& command) {
  auto what = json::value_to<std::string>(command.at("do"));
  json::object answer{{"done", command.at("id")}};
  if (what == "describe") {
    gchar* ufrag = nullptr;
    gchar* pwd = nullptr;
    nice_agent_get_local_credentials(peer.agent, peer.stream, &ufrag, &pwd);
    answer["ufrag"] = ufrag;
    answer["pwd"] = pwd;
    answer["complete"] = peer.gathered;
    answer["candidates"] = candidates_of(peer);
    g_free(ufrag);
    g_free(pwd);
  } else if (what == "remote") {
    set_remote(peer, command);
  } else if (what == "send") {
    auto text = json::value_to<std::string>(command.at("text"));
    nice_agent_send(peer.agent, peer.stream, 1, static_cast<guint>(text.size()), text.data());
  } else if (what == "restart") {
    nice_agent_restart(peer.agent);
  }
  say(answer);
}

gboolean on_input(GIOChannel* /*channel*/, GIOCondition /*condition*/, gpointer data) {
  auto& peer = *static_cast<Peer*>(data);
  std::array<char, 4096> text{};
  auto got = ::read(STDIN_FILENO, text.data(), text.size());
  if (got <= 0) {
    g_main_loop_quit(peer.loop);
    return FALSE;
  }
  peer.lines.append(text.data(), static_cast<std::size_t>(got));
  for (auto end = peer.lines.find('\n'); end != std::string::npos; end = peer.lines.find('\n')) {
    auto command = json::parse(peer.lines.substr(0, end)).as_object();
    peer.lines.erase(0, end + 1);
    obey(peer, command);
  }
  return TRUE;
}

void on_state(NiceAgent* /*agent*/, guint /*stream*/, guint /*component*/, guint state, gpointer) {
  auto name = state == NICE_COMPONENT_STATE_READY    ? "connected"
              : state == NICE_COMPONENT_STATE_FAILED ? "failed"
                                                     : "checking";
  say({{"event", "state"}, {"state", name}});
}

void on_data(NiceAgent*, guint, guint, guint size, gchar* bytes, gpointer) {
  say({{"event", "data"}, {"text", std::string(bytes, size)}});
}

void on_gathered(NiceAgent*, guint, gpointer data) {
  static_cast<Peer*>(data)->gathered = true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  Peer peer;
  peer.loop = g_main_loop_new(nullptr, FALSE);
  peer.agent = nice_agent_new(g_main_loop_get_context(peer.loop), NICE_COMPATIBILITY_RFC5245);
  gboolean controlling = std::string(argv[2]) == "controlling" ? TRUE : FALSE;
  g_object_set(peer.agent, "controlling-mode", controlling, "ice-tcp", FALSE, "upnp", FALSE,
               nullptr);
  NiceAddress address;
  nice_address_init(&address);
  if (!nice_address_set_from_string(&address, argv[1])) return 2;
  nice_agent_add_local_address(peer.agent, &address);
  g_signal_connect(peer.agent, "component-state-changed", G_CALLBACK(on_state), &peer);
  g_signal_connect(peer.agent, "candidate-gathering-done", G_CALLBACK(on_gathered), &peer);
  peer.stream = nice_agent_add_stream(peer.agent, 1);
  nice_agent_attach_recv(peer.agent, peer.stream, 1, g_main_loop_get_context(peer.loop), on_data,
                         &peer);
  nice_agent_gather_candidates(peer.agent, peer.stream);
  auto* input = g_io_channel_unix_new(STDIN_FILENO);
  g_io_add_watch(input, static_cast<GIOCondition>(G_IO_IN | G_IO_HUP), on_input, &peer);
  g_main_loop_run(peer.loop);
  g_io_channel_unref(input);
  g_object_unref(peer.agent);
  g_main_loop_unref(peer.loop);
  return 0;
}
