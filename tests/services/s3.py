"""An S3 service in memory with one bucket; prints its port, serves until standard input ends."""

import sys

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
client = boto3.client(
    "s3",
    endpoint_url=f"http://127.0.0.1:{port}",
    region_name="us-east-1",
    aws_access_key_id="novapulse",
    aws_secret_access_key="novapulse-secret",
)
client.create_bucket(Bucket="novapulse")
print(port, flush=True)
sys.stdin.read()
server.stop()
