"""Checks signed requests as a provider would: JSON lines in, "true" or "false" out."""

import json
import sys

from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint


class Provider(RequestValidator):
    """Knows one consumer, and takes what Atlassian takes."""

    allowed_signature_methods = ("RSA-SHA1",)
    client_key_length = (1, 255)
    nonce_length = (20, 30)
    timestamp_lifetime = 300
    enforce_ssl = False
    dummy_client = "dummy"

    def __init__(self, consumer_key, public_key):
        super().__init__()
        self.consumer_key = consumer_key
        self.public_key = public_key
        self.seen = set()

    def check_client_key(self, client_key):
        return bool(client_key)

    def validate_client_key(self, client_key, request):
        return client_key == self.consumer_key

    def validate_timestamp_and_nonce(self, client_key, timestamp, nonce, request, **_):
        fresh = (timestamp, nonce) not in self.seen
        # A request is shown several times, changed in one way or another.
        return fresh

    def get_rsa_key(self, client_key, request):
        return self.public_key


def main():
    consumer = json.loads(sys.stdin.readline())
    endpoint = SignatureOnlyEndpoint(Provider(consumer["consumer_key"], consumer["public_key"]))
    for line in sys.stdin:
        request = json.loads(line)
        headers = {"Authorization": request["authorization"]}
        valid, _ = endpoint.validate_request(request["url"], request["method"], None, headers)
        print(json.dumps(valid))


main()
