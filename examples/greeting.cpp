// What reloading_server says: to be edited and built anew while it runs.

const char* greeting() { return "Hello"; }
