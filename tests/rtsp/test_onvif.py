"""Motion as a camera tells it, over real HTTP; a camera that tells nothing, or nonsense, loses only its events."""

import base64
import hashlib
import queue
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rtsp.errors import SourceError
from rtsp.onvif import MotionWatch, PullPoint

CREATED = """<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><r:CreatePullPointSubscriptionResponse
 xmlns:r="http://www.onvif.org/ver10/events/wsdl"><r:SubscriptionReference><a:Address xmlns:a="http://www.w3.org/2005/08/addressing">
 http://192.168.99.99:8000/onvif/pull?id=7</a:Address></r:SubscriptionReference></r:CreatePullPointSubscriptionResponse></e:Body></e:Envelope>"""


def messages(*notes):
    told = "".join(
        f"<n:NotificationMessage><n:Topic>{topic}</n:Topic><n:Message>"
        '<t:Message xmlns:t="http://www.onvif.org/ver10/schema">'
        f'<t:Data><t:SimpleItem Name="{name}" Value="{value}"/></t:Data></t:Message>'
        "</n:Message></n:NotificationMessage>"
        for topic, name, value in notes
    )
    return (
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:n="http://docs.oasis-open.org/wsn/b-2">'
        f"<e:Body>{told}</e:Body></e:Envelope>"
    )


class FakeCamera:
    """An event service that answers each pull with the next of its answers, then with nothing new."""

    def __init__(self, answers, password=None):
        self.answers, self.password, self.asked, self.refused = list(answers), password, [], 0
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = camera.answer(self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer.encode())))
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path, body):
        self.asked.append((path, re.search(r"<s:Body><(\w+)", body)[1]))
        if self.password is not None and not self._knows(body):
            self.refused += 1
            return 400, "<fault/>"
        if "CreatePullPointSubscription" in body:
            return 200, CREATED
        return 200, self.answers.pop(0) if self.answers else messages()

    def _knows(self, body):
        part = {name: re.search(rf"<\w:{name}[^>]*>([^<]*)<", body) for name in ("Password", "Nonce", "Created")}
        if not all(part.values()):
            return False
        secret = base64.b64decode(part["Nonce"][1]) + part["Created"][1].encode() + self.password.encode()
        return base64.b64encode(hashlib.sha1(secret).digest()).decode() == part["Password"][1]

    def url(self, user=""):
        return f"http://{user}127.0.0.1:{self.server.server_port}/onvif/event_service"


@pytest.fixture
def camera():
    made = []

    def make(*answers, **more):
        made.append(FakeCamera(answers, **more))
        return made[-1]

    yield make
    for one in made:
        one.server.shutdown()
        one.server.server_close()


def test_motion_is_heard_in_both_ways_that_makers_tell_it(camera):
    service = camera(
        messages(("tns1:RuleEngine/CellMotionDetector/Motion", "IsMotion", "true")),
        messages(("tns1:VideoSource/MotionAlarm", "State", "0"), ("tns1:Device/Trigger/DigitalInput", "State", "1")),
    )
    point = PullPoint(service.url())
    point.open()

    assert [True] == list(point.motion())
    assert [False] == list(point.motion())


def test_only_the_path_of_the_subscription_is_believed(camera):
    service = camera()
    point = PullPoint(service.url())
    point.open()

    list(point.motion())

    assert ("/onvif/pull?id=7", "PullMessages") == service.asked[-1]


def test_the_password_is_proved_and_never_sent(camera):
    service = camera(password="p@ss/word")

    PullPoint(service.url("admin:p%40ss%2Fword@")).open()
    with pytest.raises(SourceError):
        PullPoint(service.url("admin:wrong@")).open()

    assert 1 == service.refused


@pytest.mark.parametrize("nonsense", ["", "not xml", "<a><b></a>", "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&c;</x>"])
def test_nonsense_is_a_failure_that_is_named(camera, nonsense):
    service = camera(nonsense)
    point = PullPoint(service.url())
    point.open()

    with pytest.raises(SourceError) as failure:
        list(point.motion())

    assert "onvif" == failure.value.reason


def heard(service, count, waits=lambda: iter([0.0] * 100)):
    """Watch until `count` changes have been said, then stop."""
    said: queue.Queue[bool] = queue.Queue()
    watch = MotionWatch("cam-01", service.url(), said.put, waits=waits)
    watch.start()
    found = [said.get(timeout=20) for _ in range(count)]
    watch.stop()
    return found


def test_a_watch_says_each_change_once(camera):
    moving, still = ("a/Motion", "IsMotion", "true"), ("a/Motion", "IsMotion", "false")
    service = camera(messages(moving), messages(moving), messages(still), messages(still, moving))

    assert [True, False, True] == heard(service, 3)


def test_a_camera_that_breaks_off_keeps_nothing_awake_and_is_asked_again(camera):
    moving = ("a/Motion", "IsMotion", "true")
    service = camera(messages(moving), "garbage", messages(moving))

    assert [True, False, True] == heard(service, 3)
    assert 2 == [what for _, what in service.asked].count("CreatePullPointSubscription")
