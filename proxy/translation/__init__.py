"""Makes a request fit a provider of another protocol, and its answer fit the client.

Pure: neutral values in, neutral values out. It names everything that gets lost, and it
makes nothing up. The wire's encoders write what comes out of here.
"""
