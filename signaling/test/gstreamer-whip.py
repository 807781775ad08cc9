"""
A WHIP encoder of GStreamer's webrtcbin, as its whipsink is one: argv is the address and the token. Publishes a test
picture (H.264, or VP8 with a third word "vp8") and a tone until its standard input ends, then ends its session. Prints
its offer as one line of JSON, then the state of its connection.
"""
import json
import sys
import threading
import urllib.request
from urllib.parse import urljoin

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

url, token = sys.argv[1], sys.argv[2]
vp8 = len(sys.argv) > 3 and sys.argv[3] == "vp8"
video = (
    "vp8enc deadline=1 keyframe-max-dist=60 ! rtpvp8pay pt=96"
    if vp8
    else "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 bitrate=300"
    " ! video/x-h264,profile=constrained-baseline ! rtph264pay config-interval=-1 aggregate-mode=zero-latency pt=96"
)
encoding = "VP8" if vp8 else "H264"

Gst.init(None)
pipeline = Gst.parse_launch(
    "webrtcbin name=w bundle-policy=max-bundle "
    f"videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=15/1 ! {video}"
    f" ! application/x-rtp,media=video,encoding-name={encoding},payload=96 ! w. "
    "audiotestsrc is-live=true wave=ticks ! audioconvert ! audioresample ! opusenc ! rtpopuspay pt=97"
    " ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! w. "
)
webrtc = pipeline.get_by_name("w")
loop = GLib.MainLoop()
session = None


def say(**words):
    print(json.dumps(words), flush=True)


def request(method, to, body=None, kind=None):
    headers = {"Authorization": f"Bearer {token}"}
    if kind:
        headers["Content-Type"] = kind
    return urllib.request.urlopen(
        urllib.request.Request(to, data=body, headers=headers, method=method), timeout=10
    )


def on_offer(promise, _):
    promise.wait()
    reply = promise.get_reply()
    offer = reply.get_value("offer")
    # Read first: the element takes what is in the description for itself.
    text = offer.sdp.as_text()
    webrtc.emit("set-local-description", offer, Gst.Promise.new())
    say(offer=text)
    threading.Thread(target=negotiate, args=(text,), daemon=True).start()


def negotiate(text):
    global session
    try:
        answer = request("POST", url, text.encode(), "application/sdp")
        session = urljoin(url, answer.headers["Location"])
        _, sdp = GstSdp.SDPMessage.new_from_text(answer.read().decode())
    except Exception as error:  # The test reads why.
        say(error=str(error))
        loop.quit()
        return
    described = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
    webrtc.emit("set-remote-description", described, Gst.Promise.new())


def on_needed(element):
    element.emit("create-offer", None, Gst.Promise.new_with_change_func(on_offer, None))


def wait_for_end():
    sys.stdin.read()
    if session:
        say(ended=request("DELETE", session).status)
    loop.quit()


webrtc.connect("on-negotiation-needed", on_needed)
webrtc.connect(
    "notify::connection-state",
    lambda element, _: say(state=element.get_property("connection-state").value_nick),
)
threading.Thread(target=wait_for_end, daemon=True).start()
pipeline.set_state(Gst.State.PLAYING)
loop.run()
pipeline.set_state(Gst.State.NULL)
