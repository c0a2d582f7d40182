"""From a file to a file: detect, inspect, decode, run the tool in a killable child, encode, name. No
Django."""
