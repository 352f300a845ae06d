// What a parent project has of its own.
int main() {}
