// Descriptions as native SDKs, a browser and livekit-server write them, shortened; for tests only.
#pragma once

#include <string>

namespace sidetone::sdp::test {

inline std::string lines(std::string text) {
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2)
    text.insert(at, "\r");
  return text;
}

// A native SDK's second publisher offer: a receiving section, video, data, and the new track.
inline std::string native_offer() {
  return lines(R"(v=0
o=- 4611731400430051336 4 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 7 10 13 14
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 40123 UDP/TLS/RTP/SAVPF 111 63 9 0
c=IN IP4 192.0.2.9
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:196359403 1 udp 2122194687 192.0.2.9 40123 typ host generation 0 network-id 1
a=ice-ufrag:+p8s
a=ice-pwd:K8YIzefB7ye1NDWa9bJzhG6X
a=ice-options:trickle goog-sped-v1
a=fingerprint:sha-256 41:9a:ac:53:5f:f3:b5:14:b2:4a:b2:a2:80:1b:b0:db:15:19:f0:24:c0:f2:7b:f2:4d:27:75:0d:53:65:88:84
a=setup:actpass
a=mid:7
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=recvonly
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;stereo=1;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=ice-ufrag:+p8s
a=ice-pwd:K8YIzefB7ye1NDWa9bJzhG6X
a=fingerprint:sha-256 41:9A:AC:53:5F:F3:B5:14:B2:4A:B2:A2:80:1B:B0:DB:15:19:F0:24:C0:F2:7B:F2:4D:27:75:0D:53:65:88:84
a=setup:actpass
a=mid:10
a=extmap:9 urn:ietf:params:rtp-hdrext:toffset
a=recvonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtcp-fb:* ccm fir
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:+p8s
a=ice-pwd:K8YIzefB7ye1NDWa9bJzhG6X
a=fingerprint:sha-256 41:9A:AC:53:5F:F3:B5:14:B2:4A:B2:A2:80:1B:B0:DB:15:19:F0:24:C0:F2:7B:F2:4D:27:75:0D:53:65:88:84
a=setup:actpass
a=mid:13
a=sctp-port:5000
a=max-message-size:262144
a=sctp-init:AQAAHoKxNXoAUAAA
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0
c=IN IP4 0.0.0.0
a=ice-ufrag:+p8s
a=ice-pwd:K8YIzefB7ye1NDWa9bJzhG6X
a=fingerprint:sha-256 41:9A:AC:53:5F:F3:B5:14:B2:4A:B2:A2:80:1B:B0:DB:15:19:F0:24:C0:F2:7B:F2:4D:27:75:0D:53:65:88:84
a=setup:actpass
a=mid:14
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=msid:- efdbf967-736b
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;stereo=1;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:0 PCMU/8000
a=ssrc:259932883 cname:VtUEqEhq
a=ssrc:259932883 msid:- efdbf967-736b
)");
}

// livekit-server's subscriber offer with one track, and one section of a track that went.
inline std::string server_offer() {
  return lines(R"(v=0
o=- 7763027155600791065 1795194121 IN IP4 0.0.0.0
s=-
t=0 0
a=msid-semantic:WMS *
a=fingerprint:sha-256 8A:11:73:49:15:22:50:A3:C1:E1:FF:DC:DC:78:58:8C:DE:C4:A4:B0:4B:9F:5B:29:25:54:B1:A8:77:3B:54:5A
a=extmap-allow-mixed
a=group:BUNDLE 0 1 2
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=setup:actpass
a=mid:0
a=sendrecv
a=sctp-port:5000
a=max-message-size:65535
a=ice-ufrag:RRdouEOMQJeJxJNE
a=ice-pwd:YbIXAQIgEWSukxQQudRQpMdqYvsSOVFc
a=candidate:2878742611 1 udp 2130706431 127.0.0.1 7882 typ host ufrag RRdouEOMQJeJxJNE
a=candidate:2878742611 2 udp 2130706431 127.0.0.1 7882 typ host ufrag RRdouEOMQJeJxJNE
a=end-of-candidates
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 0 8
c=IN IP4 0.0.0.0
a=setup:actpass
a=mid:1
a=ice-ufrag:RRdouEOMQJeJxJNE
a=ice-pwd:YbIXAQIgEWSukxQQudRQpMdqYvsSOVFc
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=fmtp:111 minptime=10;useinbandfec=1;sprop-stereo=1;usedtx=1;usedtx=1
a=rtcp-fb:111 nack
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:0 PCMU/8000
a=rtcp-fb:0 nack
a=rtpmap:8 PCMA/8000
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time
a=ssrc:3167373398 cname:PA_a|TR_b
a=ssrc:3167373398 msid:PA_a|TR_b TR_b
a=ssrc:3167373398 mslabel:PA_a|TR_b
a=msid:PA_a|TR_b TR_b
a=sendrecv
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=setup:actpass
a=mid:2
a=ice-ufrag:RRdouEOMQJeJxJNE
a=ice-pwd:YbIXAQIgEWSukxQQudRQpMdqYvsSOVFc
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=recvonly
)");
}

}  // namespace sidetone::sdp::test
