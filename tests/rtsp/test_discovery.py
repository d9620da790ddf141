import socket
import threading
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from rtsp.discovery import discover, read

ANSWER = b"""<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><e:Body><d:ProbeMatches><d:ProbeMatch>
<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/C%E1%BB%95ng%20s%E1%BB%91%201
 onvif://www.onvif.org/hardware/IPC-2140</d:Scopes>
<d:XAddrs>http://192.168.9.9/onvif/device_service http://127.0.0.1/onvif/device_service</d:XAddrs>
</d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>"""


def test_a_camera_that_answers_is_found_once_with_its_name():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as camera:
        camera.bind(("127.0.0.1", 0))
        asked = []

        def answer():
            question, who = camera.recvfrom(65535)
            asked.append(question)
            for reply in (b"noise", ANSWER, ANSWER):
                camera.sendto(reply, who)

        threading.Thread(target=answer, daemon=True).start()
        [found] = discover(0.5, group=camera.getsockname())

    assert ("127.0.0.1", "http://127.0.0.1/onvif/device_service") == (found.address, found.service)
    assert ("Cổng số 1", "IPC-2140") == (found.name, found.hardware)
    assert b"NetworkVideoTransmitter" in asked[0] and ElementTree.fromstring(asked[0]) is not None


def test_nobody_there_is_an_empty_list():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))

        assert [] == discover(0.1, group=silent.getsockname())


def test_an_answer_with_entities_is_not_read():
    assert [] == read(b'<!DOCTYPE a [<!ENTITY b "c">]>' + ANSWER, "127.0.0.1")


def test_an_address_that_is_no_web_address_is_left_out():
    assert [] == read(ANSWER.replace(b"http://1", b"javascript:1"), "127.0.0.1")


@given(st.binary(max_size=400))
def test_noise_on_the_network_does_no_harm(noise):
    assert [] == read(noise, "127.0.0.1")
    read(ANSWER[:200] + noise + ANSWER[200:], "127.0.0.1")
